"""What we ask of a learner: linear classifiers fitted to examples, given back as plain numbers."""

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

Loss = Literal["hinge", "logistic"]
"""`hinge` is a linear support vector machine, one class against the rest; `logistic` gives log-odds."""


@dataclass(frozen=True)
class Features:
    """Rows of figures, most of them nought, in compressed sparse rows.

    Row `i` has `values[starts[i]:starts[i + 1]]` in the columns of the same part of `columns`; there are
    `width` columns.
    """

    values: NDArray[np.float32]
    columns: NDArray[np.int32]
    starts: NDArray[np.int64]
    width: int

    def __len__(self) -> int:
        """Give the number of rows."""
        return len(self.starts) - 1

    def rows(self, chosen: NDArray[np.int64]) -> "Features":
        """Give some of the rows, in the order in which they are asked for."""
        lengths = np.diff(self.starts)[chosen]
        starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        places = np.repeat(self.starts[chosen] - starts[:-1], lengths) + np.arange(starts[-1])
        return Features(self.values[places], self.columns[places], starts, self.width)


@dataclass(frozen=True)
class Linear:
    """A linear classifier: `x @ weights + bias` gives a decision value for each class."""

    weights: NDArray[np.float32]
    """Shape (width, classes)."""
    bias: NDArray[np.float32]
    """Shape (classes,)."""


class Learner(Protocol):
    """Fits linear classifiers; only training needs one."""

    async def fit(
        self, features: Features, labels: NDArray[np.int64], *, loss: Loss = "hinge", strength: float = 1.0
    ) -> Linear:
        """Fit a classifier to rows with their labels, 0 to n - 1, each of which occurs; n is 2 at least.

        The inverse of `strength` weighs the L2 penalty. The same rows give the same classifier. Fits wait for
        one another, so that training leaves cores to those who ask. Raises LearnerUnavailable.
        """
        ...

    async def close(self) -> None:
        """Give back what is held."""
        ...
