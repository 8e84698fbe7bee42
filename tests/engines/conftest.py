"""Gives the engines' suites their fixtures."""

from engines.databases import database, empty_postgres, postgres_url, sqlite

__all__ = ["database", "empty_postgres", "postgres_url", "sqlite"]
