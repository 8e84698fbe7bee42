"""Engines behind ports.cache."""
