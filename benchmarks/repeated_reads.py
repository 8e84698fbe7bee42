"""What a cache of answers could save: a repeated search, one never asked before, and a request without work.

    MAINSTAY_ENCODER=… python benchmarks/repeated_reads.py [--rounds 5] [--requests 60]

`GET /v1/me` walks the whole road (key, limits, audit, usage) and computes nothing: it is what an answer from
a cache would cost at the least. What a search costs beyond it is what a hit could save at the most. Processor
time of the server is told beside the time that the client waits, since it suffers less from neighbours. All
take turns in each round.
"""

import itertools
import os
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from figures import Figure, median, options, spread, tell
from overload import fill
from serving import KEY, Client, mainstay

_QUERY = "When does the harbour office open?"
_WORDS = (
    "harbour",
    "office",
    "tide",
    "permit",
    "crane",
    "ferry",
    "storm",
    "cargo",
    "pilot",
    "anchor",
    "quay",
)
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")

Ask = Callable[[], object]


def cpu_s(process: subprocess.Popen[bytes]) -> float:
    """Give the processor time that a process has used."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S


def asks(client: Client) -> dict[str, Ask]:
    """Give what is asked, by what it is called."""
    numbers = itertools.count()

    def search(query: str) -> object:
        return client.call("POST", "/v1/search/vector", {"query": query, "top_k": 5, "collection": "load"})

    def answer(question: str) -> object:
        body = {"question": question, "collection": "load"}
        return client.call("POST", "/v1/knowledge/answer", body)

    def new() -> str:
        number = next(numbers)
        return " ".join(_WORDS[number // 11**place % 11] for place in range(4)) + f" {number}?"

    return {
        "nothing (GET /v1/me)": lambda: client.call("GET", "/v1/me"),
        "the same search": lambda: search(_QUERY),
        "a new search": lambda: search(new()),
        "the same answer": lambda: answer(_QUERY),
        "a new answer": lambda: answer(new()),
    }


def measure(port: int, process: subprocess.Popen[bytes], rounds: int, requests: int) -> list[Figure]:
    """Let all take turns."""
    client = Client(port, KEY)
    ways = asks(client)
    waited: dict[str, list[float]] = {name: [] for name in ways}
    worked: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds + 1):
        for name, ask in ways.items():
            began, spent = time.perf_counter(), cpu_s(process)
            for _ in range(requests):
                ask()
            if number:  # the first round warms up
                waited[name].append(1e3 * (time.perf_counter() - began) / requests)
                worked[name].append(1e3 * (cpu_s(process) - spent) / requests)
    client.close()
    floor = median(worked["nothing (GET /v1/me)"])
    figures = []
    for name in ways:
        cpu, wall = median(worked[name]), median(waited[name])
        figures.append(Figure(name, f"{wall:.2f} ms{spread(waited[name])}; {cpu:.2f} ms of the server's CPU"))
        if "same" in name:
            most = f"{100 * (1 - floor / cpu):.0f} % of CPU"
            figures.append(Figure(f"a hit in place of {name} saves at most", most))
    return figures


def main() -> None:
    """Serve from a folder that is removed again, and measure."""
    parser = options(__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=60)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, mainstay(Path(folder) / "data") as (port, process):
        fill(port)
        tell(measure(port, process, given.rounds, given.requests), given.json)


if __name__ == "__main__":
    main()
