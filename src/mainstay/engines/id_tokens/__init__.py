"""Engines behind ports.id_tokens."""
