"""Encoder engines: texts become vectors."""
