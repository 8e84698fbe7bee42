"""Gives the stand-in's suites their fixtures."""

from kernel.stand_in import connection, notes, running, server, sleeps

__all__ = ["connection", "notes", "running", "server", "sleeps"]
