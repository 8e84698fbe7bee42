"""The Python SDK: a server's services as objects, for synchronous and asynchronous code.

>>> from mainstay.client import Mainstay
>>> with Mainstay("http://127.0.0.1:8080", key="…") as mainstay:
...     for hit in mainstay.knowledge.search("rotate an API key", top_k=5):
...         print(hit.score, hit.title)
"""

import os
from pathlib import Path
from types import TracebackType
from typing import Self

from mainstay.client_loop import background
from mainstay.client_services import AsyncServices, SyncServices
from mainstay.kernel.connection import Connection, Patience
from mainstay.kernel.interface import Upload
from mainstay.kernel.wire import FileUpload

URL_DEFAULT = "http://127.0.0.1:8080"


def _connection(url: str | None, patience: Patience | None, certificate_sha256: str | None) -> Connection:
    address = url or os.environ.get("MAINSTAY_URL") or URL_DEFAULT
    return Connection(address, patience, certificate_sha256=certificate_sha256)


def _key(key: str | None) -> str | None:
    return key or os.environ.get("MAINSTAY_API_KEY") or None


def file(path: str | Path, media_type: str | None = None) -> Upload:
    """Give a file on disk as an upload; it is sent piece by piece, never read as a whole."""
    return FileUpload(Path(path), media_type)


class AsyncMainstay(AsyncServices):
    """A server for asynchronous code: `await mainstay.knowledge.search(…)`.

    Address and key come from the arguments, else from MAINSTAY_URL and MAINSTAY_API_KEY. Calls raise the
    failures that the interfaces name, and Unavailable when the server cannot be reached. A server whose
    certificate nobody signed is known by the certificate's SHA-256 in hexadecimal (`certificate_sha256`).
    """

    def __init__(
        self,
        url: str | None = None,
        key: str | None = None,
        *,
        patience: Patience | None = None,
        certificate_sha256: str | None = None,
    ) -> None:
        """Take where the server is; nothing is opened yet."""
        super().__init__(_connection(url, patience, certificate_sha256), _key(key))

    def __repr__(self) -> str:
        """Name the server, never the key."""
        return f"AsyncMainstay({self._connection.url!r})"

    async def close(self) -> None:
        """Close the connections."""
        await self._connection.close()

    async def __aenter__(self) -> Self:
        """Begin a block at whose end the connections are closed."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close."""
        await self.close()


class Mainstay(SyncServices):
    """A server for synchronous code: `mainstay.knowledge.search(…)`.

    Works in scripts, threads, notebooks and after a fork, and never keeps a program from ending. Address,
    key and failures are those of AsyncMainstay.
    """

    def __init__(
        self,
        url: str | None = None,
        key: str | None = None,
        *,
        patience: Patience | None = None,
        certificate_sha256: str | None = None,
    ) -> None:
        """Take where the server is; nothing is opened yet."""
        super().__init__(_connection(url, patience, certificate_sha256), _key(key))

    def __repr__(self) -> str:
        """Name the server, never the key."""
        return f"Mainstay({self._connection.url!r})"

    def close(self) -> None:
        """Close the connections."""
        background.run(self._connection.close())
        background.let_go(self._connection)

    def __enter__(self) -> Self:
        """Begin a block at whose end the connections are closed."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close."""
        self.close()
