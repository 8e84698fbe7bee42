"""Finders of personal data."""
