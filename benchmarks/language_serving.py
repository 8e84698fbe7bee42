"""`/nlp/analyze` over HTTP: one client, thirty-two, and a batch; beside plain FastAPI and the bare encoder.

    MAINSTAY_BENCH_DATA=… MAINSTAY_ENCODER=… python benchmarks/language_serving.py [--repeats 5] [--json FILE]

Texts: English sentences of NTREX-128 of 16 to 32 tokens. Mainstay: key checked, limits counted, audited.
FastAPI (`pip install fastapi`): plain_heads.py, the same encoder and heads, the model called by each request,
no guard. The bare encoder: `embed` of the same texts in this process, in the lane of queues. Everybody takes
turns; the clients share the two cores with the servers.
"""

import asyncio
import itertools
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

from datasets import folder
from figures import Figure, at_least, at_most, median, options, quantile_ms, spread, tell
from serving import KEY, Client, free_port, mainstay, running

from mainstay.engines.encoder.onnx import OnnxEncoder

CROWD, SECONDS, BATCH = 32, 5.0, 256
_SHORT, _LONG = 16, 32

Ask = Callable[[str], object]


def texts(encoder: OnnxEncoder) -> list[str]:
    """Give the texts."""
    lines = (folder() / "ntrex/newstest2019-src.eng.txt").read_text("utf-8").splitlines()
    return [line for line in lines if _SHORT <= encoder.count_tokens(line) <= _LONG]


def crowd(connect: Callable[[], Ask], asked: Iterator[str], clients: int) -> tuple[float, list[float]]:
    """Let clients ask for some seconds; give answers a second, and the seconds of each."""
    taken: list[float] = []
    asks = [connect() for _ in range(clients)]
    for ask in asks:
        ask(next(asked))
    turn, end = threading.Lock(), time.perf_counter() + SECONDS

    def client(ask: Ask) -> None:
        while (began := time.perf_counter()) < end:
            with turn:
                text = next(asked)
            ask(text)
            taken.append(time.perf_counter() - began)

    threads = [threading.Thread(target=client, args=(ask,)) for ask in asks]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(taken) / (time.perf_counter() - began), taken


def connecting(port: int, path: str, key: str = "") -> Callable[[], Ask]:
    """Give what connects to a server."""

    def connect() -> Ask:
        client = Client(port, key)
        return lambda text: client.call("POST", path, {"text": text})

    return connect


def batches(port: int, encoder: OnnxEncoder, some: list[str], repeats: int) -> list[Figure]:
    """Measure batches against the bare encoder, in turn."""
    client, loop = Client(port, KEY), asyncio.new_event_loop()
    parts = [some[start : start + BATCH] for start in range(0, len(some) - BATCH + 1, BATCH)]
    client.call("POST", "/v1/nlp/analyze", {"texts": parts[0]})
    loop.run_until_complete(encoder.embed(parts[0], lane="ingest"))
    asked: dict[str, Callable[[list[str]], object]] = {
        "analyses": lambda part: client.call("POST", "/v1/nlp/analyze", {"texts": part}),
        "bare": lambda part: loop.run_until_complete(encoder.embed(part, lane="ingest")),
    }
    found: dict[str, list[float]] = {name: [] for name in asked}
    # In turn by the batch: processors that are shared change their speed within seconds.
    for turn, part in enumerate(parts * repeats):
        for name in list(asked) if turn % 2 else list(reversed(asked)):
            began = time.perf_counter()
            asked[name](part)
            found[name].append(len(part) / (time.perf_counter() - began))
    rates, bare = found["analyses"], found["bare"]
    share = median([one / other for one, other in zip(rates, bare, strict=True)])
    return [
        Figure("batches of 256: texts a second", f"{median(rates):.0f}{spread(rates)}"),
        Figure("the bare encoder: texts a second", f"{median(bare):.0f}{spread(bare)}"),
        at_least("batches over the bare encoder", share, 0.85, "×"),
    ]


def many(asked: dict[str, Callable[[], Ask]], some: Iterator[str], repeats: int) -> list[Figure]:
    """Measure one client and a crowd, everybody in turn."""
    rates: dict[tuple[str, int], list[float]] = {}
    taken: dict[tuple[str, int], list[float]] = {}
    for turn in range(repeats):
        for name in list(asked) if turn % 2 else list(reversed(asked)):
            for clients in (1, CROWD):
                rate, times = crowd(asked[name], some, clients)
                rates.setdefault((name, clients), []).append(rate)
                taken.setdefault((name, clients), []).extend(times)
    ours = rates[("Mainstay", CROWD)]
    gain = median([many / one for many, one in zip(ours, rates[("Mainstay", 1)], strict=True)])
    figures = [
        Figure(
            f"{name}, {clients} client{'s' if clients > 1 else ''}: analyses a second",
            f"{median(rates[name, clients]):.0f}{spread(rates[name, clients])}, "
            f"p50 {quantile_ms(taken[name, clients], 0.5):.1f} ms, "
            f"p99 {quantile_ms(taken[name, clients], 0.99):.1f} ms",
        )
        for name in asked
        for clients in (1, CROWD)
    ]
    figures.append(at_least("32 clients over one", gain, 1.6, "×"))
    figures.append(at_most("32 clients: p99", quantile_ms(taken["Mainstay", CROWD], 0.99), 150, "ms"))
    if "FastAPI" in asked:
        pairs = zip(ours, rates["FastAPI", CROWD], strict=True)
        beside = median([mine / theirs for mine, theirs in pairs])
        figures.append(at_least("32 clients, over plain FastAPI", beside, 1.3, "×"))
    return figures


def main() -> None:
    """Measure."""
    parser = options(__doc__ or "")
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    encoder = OnnxEncoder(Path(os.environ["MAINSTAY_ENCODER"]))
    some = texts(encoder)
    with tempfile.TemporaryDirectory() as scratch, ExitStack() as stack:
        port, _ = stack.enter_context(mainstay(Path(scratch) / "data"))
        asked = {"Mainstay": connecting(port, "/v1/nlp/analyze", KEY)}
        plain = free_port()
        command = [sys.executable, Path(__file__).with_name("plain_heads.py"), os.environ["MAINSTAY_ENCODER"]]
        try:
            log = Path(scratch) / "plain.log"
            stack.enter_context(running([*command, str(plain)], plain, "/readyz", {}, log))
            asked["FastAPI"] = connecting(plain, "/analyze")
        except RuntimeError as problem:
            print(f"without FastAPI ({problem}): pip install fastapi", file=sys.stderr)
        cycle = itertools.cycle(some)
        for connect in asked.values():
            crowd(connect, cycle, 2)
        found = many(asked, cycle, arguments.repeats)
        found += batches(port, encoder, some, arguments.repeats)
    tell(found, arguments.json)


if __name__ == "__main__":
    main()
