"""A head's file: its numbers as a NumPy archive without pickles, and a card in JSON that says what it is."""

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mainstay.ports.readers import ReaderUnavailable

FORM = 1
_CARD_MAX = 1 << 20
_NUMBERS_MAX = 256 << 20


@dataclass(frozen=True)
class Head:
    """A head's numbers by name, and its card: kind, encoder, labels, and where it comes from."""

    arrays: Mapping[str, NDArray[Any]]
    card: Mapping[str, Any]

    @property
    def kind(self) -> str:
        """Give what it reads out of a text: a part's name."""
        return str(self.card["kind"])

    @property
    def languages(self) -> frozenset[str]:
        """Give the languages (ISO 639-1) that it was trained for and measured in."""
        return frozenset(self.card["languages"])

    @property
    def encoder(self) -> str:
        """Give the name of the encoder whose layers it reads."""
        return str(self.card["encoder"])


def save_head(folder: Path, name: str, head: Head) -> None:
    """Write `name.npz` and `name.json`; equal heads give equal files."""
    folder.mkdir(parents=True, exist_ok=True)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **head.arrays)
    numbers = buffer.getvalue()
    card = {"form": FORM, **head.card, "sha256": hashlib.sha256(numbers).hexdigest()}
    (folder / f"{name}.npz").write_bytes(numbers)
    text = json.dumps(card, indent=2, ensure_ascii=False)
    (folder / f"{name}.json").write_text(text + "\n", encoding="utf-8")


def load_heads(folder: Path) -> list[Head]:
    """Read all heads of a folder; raises ReaderUnavailable when one is damaged or of another form."""
    return [_load(card) for card in sorted(folder.glob("*.json"))]


def encoders_of(folder: Path) -> set[str]:
    """Give the names of the encoders upon which a folder's heads were trained; raises ReaderUnavailable."""
    return {str(_card(path)["encoder"]) for path in folder.glob("*.json")}


def _card(path: Path) -> Mapping[str, Any]:
    """Read a card of this form; numbers are read only once it fits."""
    try:
        with path.open("rb") as file:
            card = json.loads(file.read(_CARD_MAX))
        known = card["form"] == FORM and {"kind", "encoder", "languages", "sha256"} <= card.keys()
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as problem:
        raise _unusable(path, str(problem)) from problem
    if not known:
        raise _unusable(path, "its card is of another form")
    return dict(card)


def _load(path: Path) -> Head:
    card, numbers = _card(path), path.with_suffix(".npz")
    try:
        with numbers.open("rb") as file:
            data = file.read(_NUMBERS_MAX)
        whole = card["sha256"] == hashlib.sha256(data).hexdigest()
        with np.load(io.BytesIO(data if whole else b""), allow_pickle=False) as archive:
            return Head({name: archive[name] for name in archive.files}, card)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as problem:
        raise _unusable(numbers, "its numbers are not what its card says") from problem


def _unusable(path: Path, why: str) -> ReaderUnavailable:
    return ReaderUnavailable(f"The head {path} cannot be read ({why}): train it again.")
