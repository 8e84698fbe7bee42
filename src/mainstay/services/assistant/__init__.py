"""Bots that understand, answer, ask back, and hand over to people."""
