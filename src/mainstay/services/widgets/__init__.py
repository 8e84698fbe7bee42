"""Bots on web pages, and the visitors who talk with them."""
