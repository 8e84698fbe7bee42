"""Gives the commands' suites their fixtures."""

from app.shell import running, server

__all__ = ["running", "server"]
