"""Engines behind ports.signers."""
