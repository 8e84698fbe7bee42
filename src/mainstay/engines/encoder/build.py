"""Builds an encoder folder (ONNX, tokenizer, card, notice) out of a BERT model's safetensors."""

import json
import os
import shutil
import tempfile
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from tokenizers import Tokenizer

from mainstay.engines.encoder.folder import (
    CARD,
    find_model,
    read_json,
    read_pooling,
    read_tokens_max,
    sha256_of,
)
from mainstay.engines.encoder.languages import read_languages
from mainstay.engines.encoder.shape import Precision, read_shape
from mainstay.engines.encoder.weights import Weights, read_weights
from mainstay.ports.failures import EncoderUnavailable

BUILD = 2
"""Raise it whenever the vectors of a freshly built model would change."""

DRAWING = 4
"""Raise it whenever a freshly built model's graph gives something more, and the same vectors."""

Progress = Callable[[str, int, int], None]
"""Told of every advance: the step in words, how much is done, and of how much (0: unknown)."""

_GRAPH = "mainstay.engines.encoder.graph"
"""Imported by who draws alone: its library takes 13 MB, which a server need not keep."""

_TOKENIZER_MAX = 64 << 20
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
    shape = read_shape(config, read_pooling(source), source)
    progress("Drawing the encoder", 1, 3)
    try:
        drawn = import_module(_GRAPH).draw_bert(weights, shape, precision)
    except (KeyError, ValueError, IndexError) as problem:
        raise EncoderUnavailable(
            f"{weights_path} is not the whole of a BERT encoder ({problem})."
        ) from problem
    progress("Writing the encoder", 2, 3)
    (draft / "model.onnx").write_bytes(drawn.SerializeToString(deterministic=True))
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
