"""Builds an encoder folder (ONNX, tokenizer, card, notice) out of a BERT model's safetensors."""

import json
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from onnx.checker import check_model
from tokenizers import Tokenizer

from mainstay.engines.encoder.folder import (
    CARD,
    find_model,
    read_json,
    read_pooling,
    read_tokens_max,
    sha256_of,
)
from mainstay.engines.encoder.graph import Precision, Shape, draw_bert
from mainstay.engines.encoder.languages import read_languages
from mainstay.engines.encoder.weights import Weights, read_weights
from mainstay.ports.encoder import EncoderUnavailable

BUILD = 2
"""Raise it whenever the vectors of a freshly built model would change."""

DRAWING = 3
"""Raise it whenever a freshly built model's graph gives something more, and the same vectors."""

Progress = Callable[[str, int, int], None]
"""Told of every advance: the step in words, how much is done, and of how much (0: unknown)."""

_TOKENIZER_MAX = 64 << 20
_LIMITS = {
    "num_hidden_layers": 48,
    "num_attention_heads": 64,
    "hidden_size": 4_096,
    "max_position_embeddings": 32_768,
}
_NOTICE = """This folder was built by Mainstay from the sentence encoder {model}
(model.safetensors, SHA-256 {sha}).
The model keeps its own licence: {licence}. Changes made: the weights were drawn as an ONNX graph with pooling
and normalisation, matrices in {precision}; the tokenizer's own truncation and padding were switched off.
"""


def quiet(_step: str, _done: int, _total: int) -> None:
    """Tell nobody."""


def build_encoder(
    source: Path,
    target: Path,
    *,
    model: str,
    licence: str = "see the model's own page",
    precision: Precision = "int8",
    progress: Progress = quiet,
) -> Path:
    """Build `target` from the sentence-transformers folder `source`, and give it back.

    `target` appears whole or not at all; one that is there already is kept. Raises EncoderUnavailable when
    the model is no BERT, is damaged, or is not whole.
    """
    if find_model(target) is not None:
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}-") as name:
        draft = Path(name) / "whole"
        draft.mkdir()
        _fill(source, draft, model, licence, precision, progress)
        place(draft, target)
    return target


def place(draft: Path, target: Path) -> None:
    """Move a finished folder into place, durably; a folder that is there already wins."""
    for path in [*draft.iterdir(), draft]:
        _sync(path)
    try:
        draft.rename(target)
    except OSError:
        if find_model(target) is None:
            raise
        shutil.rmtree(draft)
    _sync(target.parent)


def _fill(
    source: Path, draft: Path, model: str, licence: str, precision: Precision, progress: Progress
) -> None:
    weights_path, tokenizer = source / "model.safetensors", source / "tokenizer.json"
    for path in (weights_path, tokenizer):
        if not path.is_file():
            raise EncoderUnavailable(f"{source} has no {path.name}: fetch the model again, whole.")
    progress("Reading the encoder's weights", 0, 3)
    sha = sha256_of(weights_path)
    config = read_json(source / "config.json")
    weights = _bare(read_weights(weights_path))
    shape = _shape(config, read_pooling(source), source)
    progress("Drawing the encoder", 1, 3)
    try:
        graph = draw_bert(weights, shape, precision)
        check_model(graph)
    except (KeyError, ValueError, IndexError) as problem:
        raise EncoderUnavailable(
            f"{weights_path} is not the whole of a BERT encoder ({problem})."
        ) from problem
    progress("Writing the encoder", 2, 3)
    (draft / "model.onnx").write_bytes(graph.SerializeToString(deterministic=True))
    _write_tokenizer(tokenizer, draft / "tokenizer.json")
    facts = {"model": model, "licence": licence, "precision": precision, "sha": sha}
    (draft / "NOTICE").write_text(_NOTICE.format(**facts), encoding="utf-8")
    card = {
        "name": f"{model}-{sha[:8]}-{precision}-{BUILD}",
        "drawing": DRAWING,
        "dimensions": shape.hidden,
        "tokens_max": read_tokens_max(source),
        "pooling": shape.pooling,
        "languages": sorted(read_languages(source / "README.md")),
        "source_sha256": sha,
        "model_sha256": sha256_of(draft / "model.onnx"),
        "licence": licence,
    }
    (draft / CARD).write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
    progress("Writing the encoder", 3, 3)


def _bare(weights: Weights) -> Weights:
    """Drop the prefix under which some checkpoints keep their encoder."""
    return {name.removeprefix("bert."): tensor for name, tensor in weights.items()}


def _shape(config: dict[str, Any], pooling: Any, source: Path) -> Shape:
    known = (
        config.get("model_type") == "bert" and config.get("position_embedding_type", "absolute") == "absolute"
    )
    if not known or config.get("hidden_act", "gelu") != "gelu":
        kind = str(config.get("model_type"))[:40]
        raise EncoderUnavailable(
            f"{source} holds a {kind} model: only BERT with GELU can be built from safetensors; "
            "export the model to ONNX and name that folder in MAINSTAY_ENCODER."
        )
    sizes: dict[str, int] = {}
    for name, top in _LIMITS.items():
        size = config.get(name)
        if not isinstance(size, int) or not 0 < size <= top:
            raise EncoderUnavailable(f"{source / 'config.json'}: {name} must be a number from 1 to {top}.")
        sizes[name] = size
    return Shape(
        layers=sizes["num_hidden_layers"],
        heads=sizes["num_attention_heads"],
        hidden=sizes["hidden_size"],
        epsilon=float(config.get("layer_norm_eps", 1e-12)),
        pooling=pooling,
    )


def _write_tokenizer(source: Path, target: Path) -> None:
    if source.stat().st_size > _TOKENIZER_MAX:
        raise EncoderUnavailable(f"{source} is larger than {_TOKENIZER_MAX >> 20} MiB: choose another model.")
    try:
        tokenizer = Tokenizer.from_file(str(source))
    except Exception as problem:  # the library raises nothing more precise
        raise EncoderUnavailable(f"{source} cannot be read: fetch the model again.") from problem
    tokenizer.no_truncation()
    tokenizer.no_padding()
    target.write_text(tokenizer.to_str(), encoding="utf-8")


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
