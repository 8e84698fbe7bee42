"""Gives this suite a house on each database."""

from services.houses import empty_postgres, house, postgres_url, where

__all__ = ["empty_postgres", "house", "postgres_url", "where"]
