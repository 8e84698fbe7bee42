"""Gives the engines' suites their fixtures."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from encoders import make_source

from engines.databases import database, sqlite
from engines.pgvector_server import postgres
from mainstay.engines.encoder.build import build_encoder
from mainstay.engines.parsers.kreuzberg import KreuzbergParser

__all__ = ["database", "parser", "postgres", "sqlite"]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def parser() -> AsyncIterator[KreuzbergParser]:
    made = KreuzbergParser(processes=1, seconds_max=20)
    yield made
    await made.close()


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    room = tmp_path_factory.mktemp("tiny")
    return build_encoder(make_source(room / "source"), room / "built", model="tiny")
