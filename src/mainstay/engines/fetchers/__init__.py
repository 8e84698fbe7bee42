"""Engines behind ports.fetchers."""
