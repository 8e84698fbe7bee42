"""Engines behind ports.breaches."""
