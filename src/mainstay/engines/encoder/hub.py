"""Fetches a model from a model hub, only where the user names the model and its hash."""

import re
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

from mainstay.engines.encoder.build import Progress
from mainstay.engines.encoder.folder import sha256_of
from mainstay.ports.failures import EncoderUnavailable

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,95}/[A-Za-z0-9][A-Za-z0-9_.-]{0,95}")
_SHA = re.compile(r"[0-9a-f]{64}")
_FILES = {
    "config.json": (True, 1 << 20),
    "tokenizer.json": (True, 64 << 20),
    "model.safetensors": (True, 4 << 30),
    "sentence_bert_config.json": (False, 1 << 20),
    "1_Pooling/config.json": (False, 1 << 20),
}
_TIMEOUT_S = 30
_CHUNK = 1 << 20
_NOT_FOUND = 404


def fetch_model(name: str, sha256: str, hub_url: str | None, folder: Path, progress: Progress) -> None:
    """Fetch `owner/name` into `folder`; its model.safetensors must hash to `sha256`.

    Raises EncoderUnavailable.
    """
    if not _NAME.fullmatch(name) or not _SHA.fullmatch(sha256):
        raise EncoderUnavailable(
            "Write the encoder as hf:owner/name@ and the SHA-256 of its model.safetensors."
        )
    if not hub_url or urllib.parse.urlsplit(hub_url).scheme != "https":
        raise EncoderUnavailable(
            "Set MAINSTAY_HUB_URL to the https address of your model hub, or name a folder."
        )
    for file, (needed, limit) in _FILES.items():
        target = folder / file
        target.parent.mkdir(parents=True, exist_ok=True)
        _fetch(f"{hub_url.rstrip('/')}/{name}/resolve/main/{file}", target, limit, needed, progress)
    if sha256_of(folder / "model.safetensors") != sha256:
        raise EncoderUnavailable(f"{name} does not have the SHA-256 that was asked for: check the setting.")


def _fetch(url: str, target: Path, limit: int, needed: bool, progress: Progress) -> None:
    step = f"Fetching {target.name}"
    try:
        with urllib.request.urlopen(url, timeout=_TIMEOUT_S) as answer, target.open("wb") as sink:  # noqa: S310 - https only
            total, done = int(answer.headers.get("Content-Length") or 0), 0
            while chunk := answer.read(_CHUNK):
                done += len(chunk)
                if done > limit:
                    raise EncoderUnavailable(
                        f"{target.name} is larger than {limit} bytes: choose a smaller model."
                    )
                sink.write(chunk)
                progress(step, done, total)
    except urllib.error.HTTPError as problem:
        if needed or problem.code != _NOT_FOUND:
            raise EncoderUnavailable(f"The model hub answered {problem.code} for {target.name}.") from problem
        target.unlink(missing_ok=True)
    except OSError as problem:
        raise EncoderUnavailable(
            f"The model hub cannot be reached for {target.name}: name a folder."
        ) from problem
