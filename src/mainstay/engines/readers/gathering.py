"""What heads see of many texts, gathered once for training."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from mainstay.engines.encoder.model import OnnxModel
from mainstay.engines.readers.layers import Seen, look
from mainstay.engines.readers.shapes import Shapes
from mainstay.engines.readers.sheets import Sheet

Progress = Callable[[str, int, int], None]
"""Told of every advance: the step in words, how much is done, and of how much."""

_BATCH = 32


def gather(
    model: OnnxModel,
    sheets: Sequence[Sheet],
    layers: Sequence[str],
    progress: Progress,
    *,
    whole: bool = False,
) -> tuple[NDArray[np.float32], list[Seen]]:
    """Give each text's mean tokens, (texts, layers x hidden), and each text seen by itself.

    The last layer is among them if they are to be `whole`.
    """
    shapes = Shapes()
    order = sorted(range(len(sheets)), key=lambda place: len(sheets[place]))
    means: list[NDArray[np.float32]] = [np.zeros(0, np.float32)] * len(sheets)
    found: dict[int, Seen] = {}
    for begin in range(0, len(order), _BATCH):
        places = order[begin : begin + _BATCH]
        seen = look(model, shapes, [sheets[place] for place in places], layers, whole=whole)
        for row, place in enumerate(places):
            means[place] = seen.means[row]
            if layers:
                found[place] = _alone(seen, row)
        progress("Reading the texts", min(begin + _BATCH, len(order)), len(order))
    return np.stack(means), [found[place] for place in range(len(sheets))] if layers else []


def _alone(seen: Seen, row: int) -> Seen:
    mine = seen.inside == row
    return Seen(
        np.zeros(int(mine.sum()), np.int64),
        {layer: words[mine] for layer, words in seen.layers.items()},
        seen.shapes[mine],
        seen.means[row : row + 1],
    )
