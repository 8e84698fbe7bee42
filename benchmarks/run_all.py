"""Runs every benchmark in turn and writes benchmarks/RESULTS.md; `make bench` calls it.

    MAINSTAY_BENCH_DATA=… MAINSTAY_ENCODER=… python benchmarks/run_all.py [NAME …] [--scratch FOLDER]

Without names all of them run: three quarters of an hour on two quiet cores, the first time (it fills an
index with 100,000 passages, which is kept in the scratch folder). With names, only those run, and the other
sections keep what they said before. Install the peers once with `python benchmarks/peers.py`.
"""

import argparse
import datetime as dt
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from datasets import folder
from figures import machine
from passages import PASSAGES

import peers

HERE = Path(__file__).parent
RESULTS = HERE / "RESULTS.md"
_SECTION = re.compile(r"^## (?P<title>.+?)\n(?P<body>.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Benchmark:
    """A script with its arguments.

    `{encoder}` and `{scratch}` stand for those folders, `{passages}` for their number; with `table` the
    script writes figures as JSON.
    """

    name: str
    title: str
    arguments: tuple[str, ...] = ()
    table: bool = True

    def command(self, scratch: Path, passages: int) -> list[str]:
        """Give the command after `python`."""
        encoder = os.environ["MAINSTAY_ENCODER"]
        filled = [part.format(encoder=encoder, scratch=scratch, passages=passages) for part in self.arguments]
        return [f"benchmarks/{self.name}.py", *filled]

    def shown(self, passages: int) -> str:
        """Give the command as a reader would write it."""
        parts = [
            part.format(encoder="$MAINSTAY_ENCODER", scratch="$SCRATCH", passages=passages)
            for part in self.arguments
        ]
        return " ".join(["python", f"benchmarks/{self.name}.py", *parts])


ALL = (
    Benchmark("search_http", "Search over HTTP", ("--scratch", "{scratch}", "--passages", "{passages}")),
    Benchmark("ingest", "Ingest, end to end", ("--scratch", "{scratch}")),
    Benchmark("footprint", "Start, memory, size", ("--large", "{scratch}/hundred")),
    Benchmark("audit", "The audit: sealing, checking, searching", table=False),
    Benchmark("request_log", "The log of requests, on and off", table=False),
    Benchmark("usage", "Counting what is used"),
    Benchmark("overload", "Ten times the load"),
    Benchmark("repeated_reads", "What a cache of answers could save"),
    Benchmark("semantic_cache", "Answers given again to questions that mean the same"),
    Benchmark("guard", "Recognising callers"),
    Benchmark("guard_throughput", "Reads with the guard, and without"),
    Benchmark("chat_way", "The way to a generator through OpenAI's door"),
    Benchmark("durable_road", "Durable documents through the whole road"),
    Benchmark("durable_writes", "Durable units through the SQLite engine", table=False),
    Benchmark(
        "retrieval",
        "Retrieval quality: nDCG@10 / recall@100",
        ("--encoder", "{encoder}", "cacm", "vaswani", "xquad-en"),
        table=False,
    ),
    Benchmark("answers", "Answers, refusals, citations", table=False),
    Benchmark("language_heads", "Names and sentiment"),
    Benchmark("language_moderation", "Moderation"),
    Benchmark("language_serving", "Analyses over HTTP"),
    Benchmark("language_keywords", "Key phrases beside YAKE"),
    Benchmark("language_summaries", "Summaries beside Lead-k and TextRank"),
    Benchmark("language_detection", "Languages told, beside lingua", ("--peer",)),
    Benchmark("language_labels", "Labels of one's own"),
    Benchmark("language_topics", "Topics beside k-means and NMF on words"),
    Benchmark("assistant", "What a bot understands"),
    Benchmark("training_apart", "Training a bot outside of the server"),
    Benchmark("encoder", "The encoder beside bare onnxruntime", ("{encoder}",), table=False),
    Benchmark("remote_call", "The SDK's call beside bare aiohttp", table=False),
)


def table(figures: Sequence[dict[str, object]]) -> str:
    """Give figures as a Markdown table; what was missed says so."""
    verdict = {None: "", True: "met", False: "**missed**"}
    rows = [
        f"| {row['what']} | {row['value']} | {row['goal']} | {verdict[row['met']]} |"  # type: ignore[index]  # rows come from JSON
        for row in figures
    ]
    return "\n".join(["| what | measured | goal | |", "|---|---|---|---|", *rows])


def section(benchmark: Benchmark, scratch: Path, passages: int) -> str:
    """Run a benchmark and give its section; raises CalledProcessError if it fails."""
    command = benchmark.command(scratch, passages)
    print(f"\n== {' '.join(command)}", flush=True)
    kept = scratch / f"{benchmark.name}.json"
    kept.unlink(missing_ok=True)
    if benchmark.table:
        command += ["--json", str(kept)]
    told = []
    with subprocess.Popen(  # noqa: S603 - our own commands
        [sys.executable, *command], cwd=HERE.parent, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", flush=True)
            told.append(line)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    body = (
        table(json.loads(kept.read_text("utf-8")))
        if benchmark.table
        else f"```\n{''.join(told).strip()}\n```"
    )
    now = dt.datetime.now(dt.UTC).strftime("%Y-%m-%d %H:%M UTC")
    return f"\n`{benchmark.shown(passages)}`, {now}\n\n{body}\n\n"


def head() -> str:
    """Say where and against what it was measured."""
    named = peers.versions() if peers.there() else "not installed"
    return f"""# Results

Made by `make bench` (`python benchmarks/run_all.py`); do not edit. What each line compares, and how, stands
at the top of the script that is named. `$SCRATCH` is a folder for filled indexes; [DATA.md](DATA.md) names
the data.

- Machine: {machine()}
- Peers: {named}

Where a goal was missed, or Mainstay is slower than what it is compared with, the line says so.

"""


def main() -> None:
    """Run what was asked for, and write the page after each."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = {benchmark.name: benchmark for benchmark in ALL}
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(names))
    parser.add_argument("--scratch", type=Path, default=Path(tempfile.gettempdir()) / "mainstay-bench")
    parser.add_argument("--passages", type=int, default=PASSAGES, help="how many to search in")
    given = parser.parse_args()
    if "MAINSTAY_ENCODER" not in os.environ:
        sys.exit("Set MAINSTAY_ENCODER to the encoder's folder; `make bench` does it.")
    folder()
    unknown = set(given.names) - set(names)
    if unknown:
        sys.exit(f"There is no benchmark {', '.join(sorted(unknown))}; there are {', '.join(names)}.")
    given.scratch.mkdir(parents=True, exist_ok=True)
    before = RESULTS.read_text("utf-8") if RESULTS.exists() else ""
    kept = {found["title"]: found["body"] for found in _SECTION.finditer(before)}
    for benchmark in ALL:
        if given.names and benchmark.name not in given.names:
            continue
        kept[benchmark.title] = section(benchmark, given.scratch, given.passages)
        parts = [f"## {each.title}\n{kept[each.title]}" for each in ALL if each.title in kept]
        RESULTS.write_text(head() + "".join(parts).rstrip() + "\n", "utf-8")


if __name__ == "__main__":
    main()
