"""Engines behind ports.passwords."""
