"""Engines behind ports.mailers."""
