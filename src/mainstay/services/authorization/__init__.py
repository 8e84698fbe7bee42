"""Tokens: who gets one, for what, and who comes with one."""
