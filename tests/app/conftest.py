"""Gives the commands' suites their fixtures."""

from app.shell import running, server
from engines.databases import empty_postgres, postgres_url

__all__ = ["empty_postgres", "postgres_url", "running", "server"]
