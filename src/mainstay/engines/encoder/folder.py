"""Reads a model folder (ours, or any in the sentence-transformers layout) into what the encoder must know."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from mainstay.engines.encoder.languages import Languages, languages_of, read_languages
from mainstay.ports.failures import EncoderUnavailable

Pooling = Literal["mean", "cls", "max"]
"""How token vectors become one."""

CARD = "mainstay.json"
WHOLE = "whole"
"""The input of our own graphs that says whether the last layer is computed; true where it is not given."""

TOKENS_MAX = 8_192
_JSON_MAX = 1 << 20
_TOKENS_USUAL = 256
_MODELS = ("model.onnx", "onnx/model.onnx", "model_int8.onnx")
_E5 = {"query": "query: ", "passage": "passage: "}


@dataclass(frozen=True)
class ModelFolder:
    """A model that can be run: its files, and how its authors meant it to be used."""

    name: str
    model: Path
    tokenizer: Path
    pooling: Pooling
    tokens_max: int
    prefixes: Mapping[str, str]
    languages: Languages
    sha256: str | None
    """What the model file must hash to, where the folder says so."""


def find_model(folder: Path) -> Path | None:
    """Give a folder's ONNX file, if it has one."""
    return next((folder / name for name in _MODELS if (folder / name).is_file()), None)


def read_folder(folder: Path) -> ModelFolder:
    """Read a folder's card or its sentence-transformers settings; raises EncoderUnavailable."""
    model, tokenizer = find_model(folder), folder / "tokenizer.json"
    if model is None or not tokenizer.is_file():
        missing = "tokenizer.json" if model else "model.onnx (or onnx/model.onnx)"
        raise EncoderUnavailable(
            f"The encoder folder {folder} has no {missing}: name another in MAINSTAY_ENCODER."
        )
    card = read_json(folder / CARD)
    if card:
        return ModelFolder(
            name=str(card.get("name", folder.name))[:100],
            model=model,
            tokenizer=tokenizer,
            pooling="mean",
            tokens_max=_limit(card.get("tokens_max")),
            prefixes={},
            languages=languages_of(card.get("languages", "en")),
            sha256=str(card.get("model_sha256", "")) or None,
        )
    return ModelFolder(
        name=f"{folder.resolve().name}-{sha256_of(model)[:12]}",
        model=model,
        tokenizer=tokenizer,
        pooling=read_pooling(folder),
        tokens_max=read_tokens_max(folder),
        prefixes=_read_prefixes(folder),
        languages=read_languages(folder / "README.md"),
        sha256=None,
    )


def read_json(path: Path) -> dict[str, Any]:
    """Read a small JSON object, empty when there is no such file; raises EncoderUnavailable."""
    if not path.is_file():
        return {}
    try:
        with path.open("rb") as file:
            value = json.loads(file.read(_JSON_MAX))
    except (ValueError, RecursionError) as problem:
        raise EncoderUnavailable(f"{path} cannot be read ({problem}): fetch the model again.") from problem
    if not isinstance(value, dict):
        raise EncoderUnavailable(f"{path} holds no JSON object: fetch the model again.")
    return value


def read_pooling(folder: Path) -> Pooling:
    """Read how token vectors become one: mean where the folder does not say; raises EncoderUnavailable."""
    settings = read_json(folder / "1_Pooling" / "config.json")
    chosen = {name for name, on in settings.items() if name.startswith("pooling_mode_") and on is True}
    known: dict[str, Pooling] = {
        "pooling_mode_mean_tokens": "mean",
        "pooling_mode_cls_token": "cls",
        "pooling_mode_max_tokens": "max",
    }
    if not chosen:
        return "mean"
    if len(chosen) > 1 or not chosen <= known.keys():
        wanted = ", ".join(sorted(chosen))
        raise EncoderUnavailable(f"{folder} pools by {wanted}: only one of mean, cls and max is supported.")
    return known[chosen.pop()]


def read_tokens_max(folder: Path) -> int:
    """Read after how many tokens the model's authors cut a text off, the special ones included."""
    sentence = read_json(folder / "sentence_bert_config.json").get("max_seq_length")
    positions = read_json(folder / "config.json").get("max_position_embeddings")
    usual = _limit(sentence)
    return min(usual, positions) if isinstance(positions, int) and positions > 0 else usual


def sha256_of(path: Path) -> str:
    """Give a file's SHA-256 in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _limit(value: object) -> int:
    right = isinstance(value, int) and not isinstance(value, bool) and value > 0
    return min(value, TOKENS_MAX) if right and isinstance(value, int) else _TOKENS_USUAL


def _read_prefixes(folder: Path) -> Mapping[str, str]:
    prompts = read_json(folder / "config_sentence_transformers.json").get("prompts")
    if isinstance(prompts, dict):
        found = {
            "query": str(prompts.get("query") or ""),
            "passage": str(prompts.get("passage") or prompts.get("document") or ""),
        }
        if any(found.values()):
            return found
    names = (folder.resolve().name, str(read_json(folder / "config.json").get("_name_or_path", "")))
    # The E5 family was trained with these two, and most of its folders do not say so.
    return _E5 if any("e5-" in name.lower() and "mistral" not in name.lower() for name in names) else {}
