"""Reranker engines: a second look at the best candidates."""
