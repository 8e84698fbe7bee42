"""Draws a BERT sentence encoder as an ONNX graph, in full precision or with eight-bit matrices.

The eight-bit graph quantises each token's activations by that token's own range (Dettmers et al. 2022,
LLM.int8(), "vector-wise"), so a text's vector does not depend on the texts it is batched with. Weights take
7 bits a channel: with 8 the AVX2 kernels of processors without VNNI saturate silently, and vectors would
differ from machine to machine.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from onnx.checker import check_model

from mainstay.engines.encoder.folder import WHOLE, Pooling
from mainstay.engines.encoder.shape import Precision, Shape
from mainstay.engines.encoder.weights import Weights

_CONTRIB = "com.microsoft"
_WEIGHT_MAX = 64  # 255 x 64 x 2 still fits the signed 16 bits of the pairwise multiply-add
_GELU_PEAK_MIN = 1.3  # GELU never falls under -0.17, which then is above -30/225 of the row's peak
_OPSET = 18
_IR_VERSION = 9


class _Sheet:
    """The nodes and constants drawn so far; a branch's nodes stand on a sheet of their own."""

    def __init__(self, trunk: "_Sheet | None" = None) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, onnx.TensorProto] = trunk.constants if trunk else {}
        self._branch = "branch." if trunk else ""

    def keep(self, name: str, values: NDArray[np.generic]) -> str:
        self.constants.setdefault(name, numpy_helper.from_array(np.asarray(values, order="C"), name))
        return name

    def floats(self, name: str, values: float | NDArray[np.generic]) -> str:
        return self.keep(name, np.asarray(values, np.float32))

    def ints(self, *values: int) -> str:
        return self.keep("ints." + ".".join(map(str, values)), np.asarray(values, np.int64))

    def draw(self, kind: str, *inputs: str, domain: str = "", out: str = "", **attributes: Any) -> str:
        out = out or f"{self._branch}{kind}.{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [out], name=out, domain=domain, **attributes))
        return out

    def split(self, value: str, parts: int) -> list[str]:
        outs = [f"{value}.part{part}" for part in range(parts)]
        self.nodes.append(helper.make_node("Split", [value], outs, axis=-1, num_outputs=parts))
        return outs


def draw_bert(weights: Weights, shape: Shape, precision: Precision) -> onnx.ModelProto:
    """Draw the encoder.

    Inputs `input_ids` and `attention_mask`, int64 (batch, length), padded on the right. Outputs `embedding`
    float32 (batch, hidden), of unit length; `tokens` float32 (batch, length, hidden), the last layer's; and
    what small heads read: the tokens below each layer, `layer_0` … (as `tokens`), and the mean token of each,
    float32 (batch, layers, hidden), as `lower_means`, or with the last layer's as one more in `layer_means`.
    The last layer is computed only when `whole` (a scalar of truth, true where it is not given) says so; else
    `tokens` are those below it. The graph is checked. Raises KeyError when a tensor is missing.
    """
    sheet = _Sheet()
    value = _embeddings(sheet, weights, shape, precision)
    mask = sheet.draw("Cast", "attention_mask", to=TensorProto.INT32)
    *lower, top = range(shape.layers)
    for layer in lower:
        sheet.draw("Identity", value, out=f"layer_{layer}")
        value = _layer(sheet, weights, shape, precision, f"encoder.layer.{layer}.", value, mask)
    sheet.draw("Identity", value, out=f"layer_{top}")
    last = _Sheet(sheet)
    highest = _layer(last, weights, shape, precision, f"encoder.layer.{top}.", value, mask)
    _choose(sheet, last, highest, value)
    layers = [f"layer_{layer}" for layer in (*lower, top)]
    _pool(sheet, shape.pooling)
    _draw_means(sheet, layers)
    ids = [
        helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "length"])
        for name in ("input_ids", "attention_mask")
    ]
    ids.append(helper.make_tensor_value_info(WHOLE, TensorProto.BOOL, []))
    sizes: dict[str, list[str | int]] = {"embedding": ["batch", shape.hidden]}
    sizes |= {name: ["batch", "length", shape.hidden] for name in ("tokens", *layers)}
    sizes["lower_means"] = ["batch", shape.layers, shape.hidden]
    sizes["layer_means"] = ["batch", shape.layers + 1, shape.hidden]
    outs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, size) for name, size in sizes.items()]
    graph = helper.make_graph(sheet.nodes, "encoder", ids, outs, list(sheet.constants.values()))
    opsets = [helper.make_opsetid("", _OPSET), helper.make_opsetid(_CONTRIB, 1)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=_IR_VERSION, producer_name="mainstay")
    check_model(model)
    return model


def _choose(sheet: _Sheet, last: _Sheet, top: str, below: str) -> None:
    """Draw the choice between what the last layer gives and what lies below it."""
    short = _Sheet(sheet)
    branches = {
        branch: helper.make_graph(
            drawn.nodes, branch, [], [helper.make_tensor_value_info(out, TensorProto.FLOAT, None)]
        )
        for branch, drawn, out in (
            ("then_branch", last, top),
            ("else_branch", short, short.draw("Identity", below)),
        )
    }
    sheet.draw("If", sheet.keep(WHOLE, np.asarray(True)), out="tokens", **branches)


def _embeddings(sheet: _Sheet, weights: Weights, shape: Shape, precision: Precision) -> str:
    words = weights["embeddings.word_embeddings.weight"]
    if precision == "fp32":
        value = sheet.draw("Gather", sheet.floats("words", words), "input_ids")
    else:
        scales = _scales(words, 127)
        table = sheet.keep("words", np.rint(words / scales).astype(np.int8))
        found = sheet.draw("Cast", sheet.draw("Gather", table, "input_ids"), to=TensorProto.FLOAT)
        value = sheet.draw(
            "Mul", found, sheet.draw("Gather", sheet.floats("words.scale", scales), "input_ids")
        )
    # A sentence is always of segment 0, so its segment vector is part of each position's.
    places = (
        weights["embeddings.position_embeddings.weight"]
        + weights["embeddings.token_type_embeddings.weight"][0]
    )
    length = sheet.draw("Shape", "input_ids", start=1, end=2)
    place = sheet.draw("Slice", sheet.floats("places", places), sheet.ints(0), length, sheet.ints(0))
    scale, bias = _norm(sheet, weights, "embeddings.LayerNorm")
    total = sheet.draw("Add", value, place)
    return sheet.draw("LayerNormalization", total, scale, bias, axis=-1, epsilon=shape.epsilon)


def _layer(
    sheet: _Sheet, weights: Weights, shape: Shape, precision: Precision, at: str, value: str, mask: str
) -> str:
    def linear(name: str, source: str, *, after_gelu: bool = False) -> str:
        weight, bias = weights[f"{at}{name}.weight"], weights[f"{at}{name}.bias"]
        return _linear(sheet, at + name, source, weight, bias, precision, after_gelu=after_gelu)

    def add_norm(name: str, new: str, old: str) -> str:
        # Two nodes: onnxruntime's fused SkipLayerNormalization takes twice their time on a processor.
        scale, bias = _norm(sheet, weights, f"{at}{name}.LayerNorm")
        total = sheet.draw("Add", new, old)
        return sheet.draw("LayerNormalization", total, scale, bias, axis=-1, epsilon=shape.epsilon)

    parts = [f"{at}attention.self.{part}" for part in ("query", "key", "value")]
    weight = np.concatenate([weights[f"{part}.weight"] for part in parts])
    bias = np.concatenate([weights[f"{part}.bias"] for part in parts])
    joint = _linear(sheet, at + "attention.self", value, weight, bias, precision)
    query, key, content = sheet.split(joint, 3)
    inputs = (query, key, content, "", mask)
    mixed = sheet.draw("MultiHeadAttention", *inputs, domain=_CONTRIB, num_heads=shape.heads)
    value = add_norm("attention.output", linear("attention.output.dense", mixed), value)
    wide = sheet.draw("Gelu", linear("intermediate.dense", value), domain=_CONTRIB)
    return add_norm("output", linear("output.dense", wide, after_gelu=True), value)


def _linear(
    sheet: _Sheet,
    name: str,
    value: str,
    weight: NDArray[np.float32],
    bias: NDArray[np.float32],
    precision: Precision,
    *,
    after_gelu: bool = False,
) -> str:
    offset = sheet.floats(name + ".bias", bias)
    if precision == "fp32":
        product = sheet.draw("MatMul", value, sheet.floats(name + ".weight", weight.T))
        return sheet.draw("Add", product, offset)
    scales = _scales(weight, _WEIGHT_MAX)
    matrix = sheet.keep(name + ".weight", np.rint(weight / scales).astype(np.int8).T)
    zero = 30 if after_gelu else 128
    step, middle = _step(sheet, zero)
    peak = _peak(sheet, value, after_gelu=after_gelu)
    levels = sheet.draw("QuantizeLinear", sheet.draw("Div", value, peak), step, middle)
    inputs = (levels, matrix, step, sheet.floats(name + ".scale", scales[:, 0]), middle)
    product = sheet.draw("MatMulIntegerToFloat", *inputs, domain=_CONTRIB)
    return sheet.draw("Add", sheet.draw("Mul", product, peak), offset)


def _step(sheet: _Sheet, zero: int) -> tuple[str, str]:
    step = sheet.floats(f"step.{zero}", 1 / (255 - zero))
    return step, sheet.keep(f"zero.{zero}", np.asarray(zero, np.uint8))


def _peak(sheet: _Sheet, value: str, *, after_gelu: bool) -> str:
    """Draw each token's largest magnitude, shape (batch, length, 1), never zero."""
    if after_gelu:
        high = sheet.draw("ReduceMax", value, sheet.ints(-1))
        return sheet.draw("Max", high, sheet.floats("gelu.peak.min", _GELU_PEAK_MIN))
    high = sheet.draw("ReduceMax", sheet.draw("Abs", value), sheet.ints(-1))
    return sheet.draw("Max", high, sheet.floats("peak.min", 1e-6))


def _pool(sheet: _Sheet, pooling: Pooling) -> None:
    shown = sheet.draw("Cast", "attention_mask", to=TensorProto.FLOAT)
    if pooling == "cls":
        pooled = sheet.draw("Gather", "tokens", sheet.keep("first", np.asarray(0, np.int64)), axis=1)
    elif pooling == "max":
        hidden = sheet.draw(
            "Mul", sheet.draw("Sub", shown, sheet.floats("one", 1.0)), sheet.floats("far", 1e30)
        )
        lowered = sheet.draw("Add", "tokens", sheet.draw("Unsqueeze", hidden, sheet.ints(2)))
        pooled = sheet.draw("ReduceMax", lowered, sheet.ints(1), keepdims=0)
    else:
        row = sheet.draw("Unsqueeze", shown, sheet.ints(1))
        pooled = sheet.draw("Squeeze", sheet.draw("MatMul", row, "tokens"), sheet.ints(1))
    # The length takes the division by the count out again: a mean's direction is its sum's.
    sheet.draw("LpNormalization", pooled, out="embedding", axis=-1, p=2)


def _draw_means(sheet: _Sheet, layers: Sequence[str]) -> None:
    shown = sheet.draw("Cast", "attention_mask", to=TensorProto.FLOAT)
    count = sheet.draw("ReduceSum", shown, sheet.ints(1), keepdims=1)
    row = sheet.draw("Unsqueeze", sheet.draw("Div", shown, count), sheet.ints(1))
    *lower, last = (sheet.draw("MatMul", row, layer) for layer in (*layers, "tokens"))
    sheet.draw("Concat", *lower, out="lower_means", axis=1)
    sheet.draw("Concat", "lower_means", last, out="layer_means", axis=1)


def _norm(sheet: _Sheet, weights: Weights, name: str) -> tuple[str, str]:
    scale = sheet.floats(name + ".weight", weights[name + ".weight"])
    return scale, sheet.floats(name + ".bias", weights[name + ".bias"])


def _scales(rows: NDArray[np.float32], top: int) -> NDArray[np.float32]:
    peaks = np.abs(rows).max(axis=1, keepdims=True)
    return np.where(peaks > 0, peaks / top, 1).astype(np.float32)
