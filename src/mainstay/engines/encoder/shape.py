"""The measures of a BERT encoder, read from its folder."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from mainstay.engines.encoder.folder import Pooling
from mainstay.ports.failures import EncoderUnavailable

Precision = Literal["int8", "fp32"]

_LIMITS = {
    "num_hidden_layers": 48,
    "num_attention_heads": 64,
    "hidden_size": 4_096,
    "max_position_embeddings": 32_768,
}


@dataclass(frozen=True)
class Shape:
    """The measures of a BERT encoder, from its `config.json`."""

    layers: int
    heads: int
    hidden: int
    epsilon: float
    pooling: Pooling


def read_shape(config: dict[str, Any], pooling: Pooling, source: Path) -> Shape:
    """Check the measures that `config.json` gives; raises EncoderUnavailable."""
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
