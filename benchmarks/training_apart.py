"""What training a bot leaves behind in the server, and does to it meanwhile: in a child, and in its process.

    MAINSTAY_BENCH_DATA=… MAINSTAY_ENCODER=… python benchmarks/training_apart.py

A house with the encoder makes a bot of the 10,003 sentences of BANKING77 and takes 200 turns: once as the
server does (scikit-learn in a child that ends when idle), once with scikit-learn in the server's process, the
peer. Each runs in a process of its own. Figures: resident memory before the bot is made, and when it was made
and has answered; how long making it takes; the longest that the event loop was held meanwhile; a turn.
"""

import asyncio
import csv
import gc
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil
from datasets import folder
from figures import Figure, options, tell

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from mainstay.engines.encoder.onnx import OnnxEncoder
from mainstay.engines.learners.apart import LearnerApart
from makers import FitsHere, client, opened_house

TURNS, BEAT_S, MB = 200, 0.002, 1024 * 1024


def rss_mb() -> float:
    """Give this process's resident memory."""
    gc.collect()
    return float(psutil.Process().memory_info().rss) / MB


def cpu_s() -> float:
    """Give what this process and its children have spent on processors."""
    every = [psutil.Process(), *psutil.Process().children()]
    return sum(times.user + times.system for times in (each.cpu_times() for each in every))


async def held(ends: asyncio.Event) -> float:
    """Give the longest time for which the event loop came late, in milliseconds."""
    worst = 0.0
    while not ends.is_set():
        began = time.perf_counter()
        await asyncio.sleep(BEAT_S)
        worst = max(worst, time.perf_counter() - began - BEAT_S)
    return 1000 * worst


async def measured(where: str) -> dict[str, Any]:
    """Make the bot, and talk with it."""
    with (folder() / "banking77" / "train.csv").open(encoding="utf-8") as lines:
        said: dict[str, list[str]] = {}
        for row in csv.DictReader(lines):
            said.setdefault(row["category"], []).append(row["text"])
    intents = [{"name": name, "examples": texts, "replies": ["Yes."]} for name, texts in sorted(said.items())]
    encoder = OnnxEncoder(Path(os.environ["MAINSTAY_ENCODER"]))
    await encoder.embed([text for texts in said.values() for text in texts][:2048], lane="ingest")
    learner = LearnerApart() if where == "apart" else FitsHere()
    with tempfile.TemporaryDirectory() as place:
        async with opened_house(Path(place) / "data", encoder=encoder, learner=learner) as house:
            admin, before, ends = client(house), rss_mb(), asyncio.Event()
            beating, began, spent = asyncio.create_task(held(ends)), time.perf_counter(), cpu_s()
            bot = await admin.call("assistant.create_bot", name="bank", intents=intents)
            made_s, made_cpu_s, spent = time.perf_counter() - began, cpu_s() - spent, cpu_s()
            ends.set()
            took = []
            for number in range(TURNS):
                asked = intents[number % len(intents)]["examples"][number // len(intents)]
                began = time.perf_counter()
                await admin.call("assistant.take_turn", bot_id=bot.bot_id, text=asked)
                took.append(1000 * (time.perf_counter() - began))
            costs = {"made_cpu_s": made_cpu_s, "turn_cpu_ms": 1000 * (cpu_s() - spent) / TURNS}
            told = {"before": before, "after": rss_mb(), "made_s": made_s, "held_ms": await beating, **costs}
    await encoder.close()
    return {**told, "turn_ms": statistics.median(took), "loaded": "sklearn" in sys.modules}


def both() -> list[Figure]:
    """Measure each in a process of its own."""
    found = {}
    for where in ("here", "apart"):
        ran = subprocess.run(  # noqa: S603 - our own code
            [sys.executable, __file__, "--one", where], check=True, capture_output=True, text=True
        )
        found[where] = json.loads(ran.stdout.splitlines()[-1])
    here, apart = found["here"], found["apart"]
    left = {where: told["after"] - told["before"] for where, told in found.items()}
    return [
        Figure("memory before", f"{apart['before']:.0f} MB (peer {here['before']:.0f})"),
        Figure(
            "memory left by training",
            f"{left['apart']:.0f} MB (peer, in the server: {left['here']:.0f})",
            "less than the peer",
            left["apart"] < left["here"] and not apart["loaded"],
        ),
        Figure("a bot of 10,003 examples", f"{apart['made_s']:.1f} s (peer {here['made_s']:.1f})"),
        Figure("of that on processors", f"{apart['made_cpu_s']:.1f} s (peer {here['made_cpu_s']:.1f})"),
        Figure("event loop held, longest", f"{apart['held_ms']:.0f} ms (peer {here['held_ms']:.0f})"),
        Figure("a turn, p50", f"{apart['turn_ms']:.1f} ms (peer {here['turn_ms']:.1f})"),
        Figure("a turn on processors", f"{apart['turn_cpu_ms']:.1f} ms (peer {here['turn_cpu_ms']:.1f})"),
    ]


if __name__ == "__main__":
    parser = options(__doc__ or "")
    parser.add_argument("--one", choices=("here", "apart"))
    given = parser.parse_args()
    if given.one:
        print(json.dumps(asyncio.run(measured(given.one))))
    else:
        tell(both(), given.json)
