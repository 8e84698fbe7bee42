"""Engines behind ports.parsers."""
