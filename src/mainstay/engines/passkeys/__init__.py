"""Engines behind ports.passkeys."""
