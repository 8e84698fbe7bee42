"""Engines behind ports.blobs."""
