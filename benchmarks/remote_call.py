"""What a call through `remote` costs on top of bare aiohttp: `python benchmarks/remote_call.py`.

One scripted server in a process of its own answers the same ten hits to both; batches alternate, medians over
eleven of them. CPU is this process's own. The synchronous client is measured beside it.
"""

import asyncio
import json
import multiprocessing
import statistics
import time
from collections.abc import Awaitable, Callable
from multiprocessing.connection import Connection as Pipe

import aiohttp
from aiohttp import web

from mainstay.client import Mainstay
from mainstay.kernel.remote import close, remote
from mainstay.services.knowledge.interface import Knowledge

REPEATS = 11
CALLS = 300
HIT = {
    "doc_id": "keys",
    "score": 0.75,
    "snippet": "To rotate a key, make a new one. " * 8,
    "metadata": {"year": 2026},
    "title": "API keys",
    "collection": "handbook",
    "start": 0,
    "end": 200,
    "headings": ["Keys"],
    "version": 1,
    "language": "en",
}
BODY = json.dumps([HIT] * 10).encode()
URL = "/v1/search/vector?query=rotating%20keys&top_k=10"


def serve(pipe: Pipe) -> None:
    """Answer every request with the same hits."""

    async def handle(_: web.Request) -> web.Response:
        return web.Response(body=BODY, content_type="application/json")

    async def main() -> None:
        app = web.Application()
        app.router.add_get("/v1/search/vector", handle)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        pipe.send(runner.addresses[0][1])
        await asyncio.Event().wait()

    asyncio.run(main())


async def timed(call: Callable[[], Awaitable[object]]) -> tuple[float, float]:
    """Give wall and CPU time of a call in milliseconds, the mean of a batch."""
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(CALLS):
        await call()
    return 1000 * (time.perf_counter() - wall) / CALLS, 1000 * (time.process_time() - cpu) / CALLS


async def compare(url: str) -> None:
    """Alternate bare aiohttp and `remote`."""
    knowledge = remote(Knowledge, url, credential="mk_x")
    async with aiohttp.ClientSession() as session:

        async def bare() -> object:
            async with session.get(url + URL, headers={"Authorization": "Bearer mk_x"}) as response:
                return json.loads(await response.read())

        async def ours() -> object:
            return await knowledge.search("rotating keys", top_k=10)

        found: dict[str, list[tuple[float, float]]] = {"aiohttp": [], "remote": []}
        for _ in range(REPEATS):
            found["aiohttp"].append(await timed(bare))
            found["remote"].append(await timed(ours))
    await close(knowledge)
    medians = {
        name: [statistics.median(each[place] for each in rows) for place in (0, 1)]
        for name, rows in found.items()
    }
    for name, (wall, cpu) in medians.items():
        print(f"{name:8} {wall:.3f} ms a call, {cpu:.3f} ms CPU")
    print(f"remote / aiohttp: {medians['remote'][0] / medians['aiohttp'][0]:.2f}")


def synchronous(url: str) -> None:
    """Measure the synchronous client."""
    with Mainstay(url, "mk_x") as client:
        rounds = []
        for _ in range(REPEATS):
            started = time.perf_counter()
            for _ in range(CALLS):
                client.knowledge.search("rotating keys", top_k=10)
            rounds.append(1000 * (time.perf_counter() - started) / CALLS)
    print(f"Mainstay {statistics.median(rounds):.3f} ms a call")


def main() -> None:
    """Run."""
    here, there = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(there,), daemon=True)
    server.start()
    url = f"http://127.0.0.1:{here.recv()}"
    asyncio.run(compare(url))
    synchronous(url)
    server.terminate()


if __name__ == "__main__":
    main()
