"""A house on each database, and a clock that the tests own."""

from services.houses import house

__all__ = ["house"]
