"""What heads see of a batch of texts: their words in the encoder's layers, and how they are written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mainstay.engines.encoder.model import OnnxModel
from mainstay.engines.readers.shapes import Shapes
from mainstay.engines.readers.sheets import Sheet

MEANS = "layer_means"
"""The encoder's output with the mean token of each of its layers."""


@dataclass(frozen=True)
class Seen:
    """A batch of texts as heads see it; words stand in one line, `inside` says of which text each is.

    `layers` has each asked layer's mean token of a word, (words, hidden); `means` each text's mean token in
    all layers, (texts, layers x hidden).
    """

    inside: NDArray[np.int64]
    layers: Mapping[str, NDArray[np.float32]]
    shapes: NDArray[np.float32]
    means: NDArray[np.float32]


def look(model: OnnxModel, shapes: Shapes, sheets: Sequence[Sheet], layers: Sequence[str]) -> Seen:
    """Run the model over texts, once, and gather what heads need; a text without words has none."""
    means, *outputs = model.give([sheet.ids for sheet in sheets], [MEANS, *layers])
    inside = np.repeat(np.arange(len(sheets)), [len(sheet.starts) for sheet in sheets])
    return Seen(
        inside,
        _words(sheets, layers, outputs),
        shapes.give([sheet.words for sheet in sheets] if layers else [[] for _ in sheets]),
        means.reshape(len(sheets), -1),
    )


def _words(
    sheets: Sequence[Sheet], layers: Sequence[str], outputs: Sequence[NDArray[np.float32]]
) -> dict[str, NDArray[np.float32]]:
    """Give the mean of each word's tokens in each layer."""
    read = [(text, sheet) for text, sheet in enumerate(sheets) if sheet.starts]
    if not read or not layers:
        return {
            layer: np.zeros((0, output.shape[-1]), np.float32)
            for layer, output in zip(layers, outputs, strict=True)
        }
    rows = np.concatenate([np.full(len(sheet) - 1 - sheet.starts[0], text) for text, sheet in read])
    places = np.concatenate([np.arange(sheet.starts[0], len(sheet) - 1) for _, sheet in read])
    begins = np.cumsum([0] + [len(sheet) - 1 - sheet.starts[0] for _, sheet in read])
    starts = np.concatenate(
        [np.asarray(sheet.starts) - sheet.starts[0] + begins[n] for n, (_, sheet) in enumerate(read)]
    )
    counts = np.diff(np.append(starts, begins[-1])).astype(np.float32)[:, None]
    return {
        layer: (np.add.reduceat(output[rows, places], starts) / counts).astype(np.float32, copy=False)
        for layer, output in zip(layers, outputs, strict=True)
    }
