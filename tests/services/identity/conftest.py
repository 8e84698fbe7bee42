"""Gives this suite a house on each database."""

from services.houses import house, house_postgres, postgres_url, where

__all__ = ["house", "house_postgres", "postgres_url", "where"]
