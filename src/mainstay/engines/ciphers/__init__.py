"""Engines behind ports.ciphers."""
