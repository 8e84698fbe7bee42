"""Measures what the encoder costs on top of bare onnxruntime, and whether ingest holds up queries.

Run: `python benchmarks/encoder.py FOLDER`; prints texts a second and their ratio to bare onnxruntime (two
threads, batches of 32 of one length, tokens ready made), medians of five alternating repeats in one run.
"""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import numpy as np
import onnxruntime
import psutil

from mainstay.engines.encoder.onnx import OnnxEncoder

REPEATS = 5
WORDS = [
    "the",
    "bank",
    "river",
    "contract",
    "tenant",
    "notice",
    "water",
    "payment",
    "account",
    "card",
    "house",
]


def make_texts(count: int, tokens: int) -> list[str]:
    """Give different texts of exactly so many tokens, the two special ones included."""
    chance = np.random.default_rng(tokens)
    return [" ".join(chance.choice(WORDS, tokens - 2)) for _ in range(count)]


def bare(session: onnxruntime.InferenceSession, count: int, tokens: int) -> float:
    """Time bare onnxruntime, in seconds."""
    chance = np.random.default_rng(tokens)
    ids = chance.integers(1_000, 20_000, (count, tokens))
    start = time.perf_counter()
    for place in range(0, count, 32):
        batch = ids[place : place + 32]
        session.run(["embedding"], {"input_ids": batch, "attention_mask": np.ones_like(batch)})
    return time.perf_counter() - start


async def timed(act: Callable[[], Awaitable[object]]) -> float:
    """Time something awaited, in seconds."""
    start = time.perf_counter()
    await act()
    return time.perf_counter() - start


async def bulk(encoder: OnnxEncoder, session: onnxruntime.InferenceSession) -> None:
    """Compare ingest with bare onnxruntime at several lengths."""
    for tokens, count in ((16, 256), (32, 256), (128, 64), (256, 32)):
        texts = make_texts(count, tokens)
        ours, theirs = [], []
        for _ in range(REPEATS):
            ours.append(await timed(lambda texts=texts: encoder.embed(texts, lane="ingest")))  # type: ignore[misc]  # a lambda with a bound default has no type
            theirs.append(bare(session, count, tokens))
        ratio = float(np.median(np.asarray(theirs) / np.asarray(ours)))
        rate, other = count / float(np.median(ours)), count / float(np.median(theirs))
        print(f"{tokens:4} tokens: {rate:6.0f} texts/s, bare {other:6.0f}, ratio {ratio:.2f}")


async def ask(encoder: OnnxEncoder, texts: list[str], waits: list[float]) -> None:
    """Send queries one after another, and note how long each took."""
    for text in texts:
        waits.append(  # noqa: PERF401 - one after another
            await timed(lambda text=text: encoder.embed([text], role="query"))
        )  # type: ignore[misc]  # a lambda with a bound default has no type


async def queries(encoder: OnnxEncoder, label: str, clients: int, each: int) -> None:
    """Print the rate and the waits of so many clients."""
    waits: list[float] = []
    texts = make_texts(clients * each, 16)
    took = await timed(
        lambda: asyncio.gather(*(ask(encoder, texts[place::clients], waits) for place in range(clients)))
    )
    p50, p99 = np.percentile(waits, [50, 99]) * 1_000
    print(f"{label}: {len(texts) / took:6.0f} queries/s, p50 {p50:5.1f} ms, p99 {p99:5.1f} ms")


async def main(folder: Path) -> None:
    """Run every part."""
    process = psutil.Process()
    empty = process.memory_info().rss
    start = time.perf_counter()
    encoder = OnnxEncoder(folder)
    print(f"loaded in {time.perf_counter() - start:.2f} s, {(process.memory_info().rss - empty) >> 20} MiB")
    await queries(encoder, " 1 client        ", 1, 100)
    await queries(encoder, "32 clients       ", 32, 12)
    ingest = asyncio.create_task(encoder.embed(make_texts(10_000, 128), lane="ingest"))
    await asyncio.sleep(0.2)
    await queries(encoder, " 1 during ingest ", 1, 100)
    ingest.cancel()
    await asyncio.gather(ingest, return_exceptions=True)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2
    session = onnxruntime.InferenceSession(str(folder / "model.onnx"), options)
    await bulk(encoder, session)
    print(f"{process.memory_info().rss >> 20} MiB in all, bare session included")
    await encoder.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
