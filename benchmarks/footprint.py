"""How soon it is ready, how much memory it takes, and how large the default install is.

    MAINSTAY_BENCH_DATA=… MAINSTAY_ENCODER=… python benchmarks/footprint.py [--large FOLDER] [--no-install]

Ready means that `/readyz` says so: database, index and encoder are open. The encoder is built already. Memory
is the server's resident set (mapped files included), a moment after the start and after 100 searches over 200
small documents; `--large` is a filled data folder to start again on. Install: `pip install .` into a new
environment, its site-packages without pip and setuptools.
"""

import shutil
import subprocess
import tempfile
import time
import venv
from pathlib import Path

import psutil
from figures import Figure, at_most, median, options, spread, tell
from filling import searchable, send
from passages import COLLECTION, Corpus, corpus
from serving import KEY, Client, mainstay

_STARTS = 5
_SMALL = 200
_ASKED = 100
_SETTLE_S = 2.0
_MIB = 1 << 20


def ready_s(data: Path) -> float:
    """Time a start until it is ready."""
    began = time.perf_counter()
    with mainstay(data):
        return time.perf_counter() - began


def memory(data: Path, made: Corpus) -> tuple[float, float]:
    """Give the resident MiB after the start, and after some searches."""
    with mainstay(data) as (port, process):
        time.sleep(_SETTLE_S)  # idle memory is measured: there is nothing to wait for
        seen = psutil.Process(process.pid)
        before = seen.memory_info().rss / _MIB
        client = Client(port, KEY)
        for query in made.queries[:_ASKED]:
            client.call("POST", "/v1/search/vector", {"query": query, "top_k": 10, "collection": COLLECTION})
        return before, seen.memory_info().rss / _MIB


def first_search_ms(data: Path, made: Corpus) -> float:
    """Time the first search after a start, which opens the index."""
    with mainstay(data) as (port, _):
        client = Client(port, KEY)
        began = time.perf_counter()
        client.call("POST", "/v1/search/vector", {"query": made.queries[0], "top_k": 10})
        return (time.perf_counter() - began) * 1e3


def installed_mib(repository: Path) -> float:
    """Install the project into a new environment and weigh it."""
    with tempfile.TemporaryDirectory() as place:
        venv.create(place, with_pip=True)
        command = [Path(place) / "bin/pip", "install", "--quiet", "--disable-pip-version-check", repository]
        subprocess.run(command, check=True)  # noqa: S603 - our own command
        [packages] = Path(place).glob("lib/*/site-packages")
        files = (path for path in packages.rglob("*") if path.is_file())
        own = {"pip", "setuptools", "_distutils_hack", "pkg_resources"}
        return (
            sum(path.stat().st_size for path in files if path.relative_to(packages).parts[0] not in own)
            / _MIB
        )


def main() -> None:
    """Measure and tell."""
    parser = options(__doc__)
    parser.add_argument("--large", type=Path, help="a filled data folder")
    parser.add_argument("--no-install", action="store_true", help="do not install into a new environment")
    given = parser.parse_args()
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory() as scratch:
        made = corpus(_SMALL, _ASKED)
        starts = []
        for number in range(_STARTS):
            starts.append(ready_s(Path(scratch) / f"empty{number}"))
            shutil.rmtree(Path(scratch) / f"empty{number}")
        figures.append(
            at_most("first start, empty folder, until ready", median(starts), 3, "s", spread(starts))
        )
        small = Path(scratch) / "small"
        with mainstay(small) as (port, _):
            client = Client(port, KEY)
            searchable(client, str(send(client, made.documents(0, _SMALL))))
        before, after = memory(small, made)
        figures.append(at_most(f"memory after the start, {_SMALL} documents", before, 350, "MiB"))
        figures.append(at_most(f"memory after {_ASKED} searches", after, 350, "MiB"))
        if given.large is not None:
            starts = [ready_s(given.large) for _ in range(_STARTS)]
            figures.append(
                at_most(
                    "start again on the large folder, until ready", median(starts), 3, "s", spread(starts)
                )
            )
            figures.append(Figure("its first search", f"{first_search_ms(given.large, made):.0f} ms"))
            before, after = memory(given.large, made)
            figures.append(
                Figure("memory on the large folder", f"{before:.0f} MiB, after searches {after:.0f} MiB")
            )
    if not given.no_install:
        weight = installed_mib(Path(__file__).parent.parent)
        figures.append(Figure("default install", f"{weight:.0f} MiB of site-packages"))
    tell(figures, given.json)


if __name__ == "__main__":
    main()
