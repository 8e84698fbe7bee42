"""Engines behind ports.assertions."""
