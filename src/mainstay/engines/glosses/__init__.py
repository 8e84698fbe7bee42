"""Dictionaries that gloss a text in another language."""
