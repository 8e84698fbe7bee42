"""Engines behind ports.bus."""
