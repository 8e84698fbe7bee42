"""What heads see of a batch of texts: their words in the encoder's layers, and how they are written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mainstay.engines.encoder.model import OnnxModel
from mainstay.engines.readers.shapes import Shapes
from mainstay.engines.readers.sheets import Sheet

LOWER, MEANS = "lower_means", "layer_means"
"""The encoder's outputs with the mean token below each of its layers, and above the last as well."""


@dataclass(frozen=True)
class Seen:
    """A batch of texts as heads see it; words stand in one line, `inside` says of which text each is.

    `layers` has each asked layer's mean token of a word, (words, hidden); `means` each text's mean token in
    all layers that were computed, from below, (texts, layers x hidden).
    """

    inside: NDArray[np.int64]
    layers: Mapping[str, NDArray[np.float32]]
    shapes: NDArray[np.float32]
    means: NDArray[np.float32]


def lower_width(model: OnnxModel) -> int:
    """Say how many numbers a text's means below the last layer are."""
    _, layers, hidden = model.outputs[LOWER]
    return int(layers) * int(hidden)


def look(
    model: OnnxModel, shapes: Shapes, sheets: Sequence[Sheet], layers: Sequence[str], *, whole: bool
) -> Seen:
    """Run the model over texts, once, and gather what heads need; a text without words has none.

    Not `whole` leaves the last layer out, which takes a sixth of the time.
    """
    ids = [sheet.ids for sheet in sheets]
    means, *outputs = model.give(ids, [MEANS if whole else LOWER, *layers], whole=whole)
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
    first = np.concatenate([sheet.starts for _, sheet in read])
    ends = np.concatenate([[*sheet.starts[1:], len(sheet) - 1] for _, sheet in read])
    texts = np.repeat([text for text, _ in read], [len(sheet.starts) for _, sheet in read])
    sizes = ends - first
    several = np.flatnonzero(sizes > 1)
    begins = np.cumsum(sizes[several]) - sizes[several]
    rows = np.repeat(texts[several], sizes[several])
    places = np.repeat(first[several] - begins, sizes[several]) + np.arange(len(rows))
    found = {}
    for layer, output in zip(layers, outputs, strict=True):
        # Most words are one token; only the others need a mean.
        words = output[texts, first]
        if len(several):
            words[several] = np.add.reduceat(output[rows, places], begins) / sizes[several, None]
        found[layer] = words.astype(np.float32, copy=False)
    return found
