"""A house on each database, and a clock that the tests own: the same as for identity."""

from services.identity.conftest import empty_postgres, house, postgres_url, where

__all__ = ["empty_postgres", "house", "postgres_url", "where"]
