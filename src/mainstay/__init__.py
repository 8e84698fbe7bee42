"""Mainstay: the AI backend in one process."""
