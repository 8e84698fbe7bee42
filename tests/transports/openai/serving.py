"""A served house with a scripted chat server behind it, in a thread of its own, for blocking clients."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import openai

from chat_upstream import Upstream, chat_upstream
from mainstay.app.house import House
from makers import ADMIN_KEY, client, opened_house
from served import served

_WAIT_S = 30
DOCUMENT = "The ferry leaves at nine. The quay is at the harbour of Zurich. The boat is painted red."


@dataclass
class Served:
    """Where it is, who stands behind it, and keys of some callers."""

    url: str
    upstream: Upstream
    house: House
    loop: asyncio.AbstractEventLoop
    keys: dict[str, str] = field(default_factory=dict)
    clients: list[openai.OpenAI] = field(default_factory=list)

    def client(self, key: str = "admin", **more: Any) -> openai.OpenAI:
        """Give a client of the package."""
        given = {"max_retries": 0, "timeout": 20, **more}
        made = openai.OpenAI(base_url=f"{self.url}/v1", api_key=self.keys.get(key, key), **given)
        self.clients.append(made)
        return made

    def call(self, operation: str, **values: Any) -> Any:
        """Walk the road to an operation as the administrator."""
        waiting = asyncio.run_coroutine_threadsafe(client(self.house).call(operation, **values), self.loop)
        return waiting.result(_WAIT_S)


@asynccontextmanager
async def _opened(folder: Path) -> AsyncIterator[Served]:
    async with chat_upstream() as upstream:
        quick = {"tries": 1, "between_pieces_s": 0.5, "first_piece_s": 2}
        prices = {"input_price": 1, "output_price": 2}
        generators: Any = {
            "chat": {"url": upstream.url, "model": "chat-1", "key": "sk-secret", **quick, **prices},
            "slow": {"url": upstream.url, "model": "slow-1", **quick, "first_piece_s": 30},
        }
        async with opened_house(folder / "data", generators=generators) as house, served(house) as url:
            made = Served(url, upstream, house, asyncio.get_running_loop(), {"admin": ADMIN_KEY})
            admin = client(house)
            await admin.call("knowledge.create_collection", name="harbour")
            document = {"doc_id": "ferry", "title": "Ferry", "text": DOCUMENT}
            await admin.call("knowledge.add_document", collection="harbour", wait=True, **document)
            for role in ("user", "operations"):
                key = await admin.call("identity.create_key", name=role, role=role)
                made.keys[role] = key.key
            yield made


@contextmanager
def serving(folder: Path) -> Iterator[Served]:
    """Serve it until the block ends."""
    ready, ended = threading.Event(), threading.Event()
    found: list[Any] = []

    async def run() -> None:
        stop = asyncio.Event()
        async with _opened(folder) as made:
            found.extend([made, stop])
            ready.set()
            await stop.wait()

    def main() -> None:
        try:
            asyncio.run(run())
        except BaseException as failure:  # noqa: BLE001 - told in the thread that waits
            found.append(failure)
        finally:
            ready.set()
            ended.set()

    thread = threading.Thread(target=main, name="served")
    thread.start()
    assert ready.wait(_WAIT_S)
    if isinstance(found[0], BaseException):
        raise found[0]
    made, stop = found
    try:
        yield made
    finally:
        made.loop.call_soon_threadsafe(made.upstream.go_on.set)
        made.loop.call_soon_threadsafe(stop.set)
        thread.join(_WAIT_S)
        assert ended.is_set()
