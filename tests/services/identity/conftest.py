"""Gives this suite a house on each database."""

from services.houses import house

__all__ = ["house"]
