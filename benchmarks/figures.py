"""What a benchmark found, beside what was wanted: printed as a table, and written as JSON for the report."""

import argparse
import json
import os
import platform
import signal
import statistics
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class Figure:
    """One figure; `goal` says what was wanted in words, `met` whether it holds (None: no goal)."""

    what: str
    value: str
    goal: str = ""
    met: bool | None = None


def at_most(what: str, value: float, most: float, unit: str, note: str = "") -> Figure:
    """Make a figure that should be small."""
    return Figure(what, f"{value:,.1f} {unit}{note}", f"≤ {most:g} {unit}", value <= most)


def at_least(what: str, value: float, least: float, unit: str, note: str = "") -> Figure:
    """Make a figure that should be large."""
    return Figure(what, f"{value:,.2f} {unit}{note}", f"≥ {least:g} {unit}", value >= least)


def spread(values: Sequence[float]) -> str:
    """Give the range over the repeats, to stand behind a median."""
    return f" (median of {len(values)}; {min(values):,.2f} … {max(values):,.2f})"


def median(values: Sequence[float]) -> float:
    """Give the median."""
    return float(statistics.median(values))


def quantile_ms(seconds: Sequence[float], share: float) -> float:
    """Give a quantile of times in seconds, in milliseconds."""
    return float(np.quantile(np.asarray(seconds), share) * 1e3)


def machine() -> str:
    """Describe this machine in a line."""
    cores = len(os.sched_getaffinity(0))
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        named = [line.partition(":")[2].strip() for line in cpuinfo.open() if line.startswith("model name")]
        model = named[0] if named else model
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 30
    return f"{cores} cores ({model}), {memory} GiB, {platform.system()}, Python {platform.python_version()}"


def options(description: str) -> argparse.ArgumentParser:
    """Give a parser with the option that every benchmark of the report has."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", type=Path, help="write the figures there, too")
    # Told to end, it ends the servers that it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    return parser


def tell(figures: Sequence[Figure], file: Path | None) -> None:
    """Print the figures and keep them."""
    width = max(len(figure.what) for figure in figures)
    for figure in figures:
        verdict = {None: "", True: "  met", False: "  MISSED"}[figure.met]
        goal = f"  [{figure.goal}]" if figure.goal else ""
        print(f"{figure.what:{width}}  {figure.value}{goal}{verdict}", flush=True)
    if file is not None:
        file.write_text(json.dumps([asdict(figure) for figure in figures], ensure_ascii=False), "utf-8")
