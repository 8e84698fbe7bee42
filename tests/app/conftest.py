"""Gives the commands' suites their fixtures."""

from app.shell import running, server
from engines.databases import house_postgres, postgres_url

__all__ = ["house_postgres", "postgres_url", "running", "server"]
