"""Gives the kernel's suites their fixtures."""

from engines.databases import empty_postgres, postgres_url
from kernel.benches import bench, database
from kernel.stand_in import connection, notes, running, server, sleeps
from kernel.trails import trail

__all__ = [
    "bench",
    "connection",
    "database",
    "empty_postgres",
    "notes",
    "postgres_url",
    "running",
    "server",
    "sleeps",
    "trail",
]
