"""Engines behind ports.tokens."""
