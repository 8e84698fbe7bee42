"""Gives the kernel's suites their fixtures."""

from kernel.benches import bench, database
from kernel.stand_in import connection, notes, running, server, sleeps
from kernel.trails import trail

__all__ = [
    "bench",
    "connection",
    "database",
    "notes",
    "running",
    "server",
    "sleeps",
    "trail",
]
