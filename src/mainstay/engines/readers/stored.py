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
    return {head.encoder for head in load_heads(folder)}


def _load(path: Path) -> Head:
    numbers = path.with_suffix(".npz")
    try:
        if path.stat().st_size > _CARD_MAX or numbers.stat().st_size > _NUMBERS_MAX:
            raise ValueError("larger than a head may be")  # noqa: TRY301 - one way out for every damage
        card = json.loads(path.read_text(encoding="utf-8"))
        data = numbers.read_bytes()
        if card["form"] != FORM or card["sha256"] != hashlib.sha256(data).hexdigest():
            raise ValueError("not what its card says")  # noqa: TRY301 - as above
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        return Head(arrays, card)
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as problem:
        raise ReaderUnavailable(f"The head {path} cannot be read ({problem}): train it again.") from problem
