"""The learner on scikit-learn: support vectors by liblinear (Fan et al., 2008), logistic regression."""

import asyncio
import os
import warnings

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from mainstay.ports.learners import Features, Linear, Loss

_ROUNDS_MAX = 3000
_SEED = 0


class ScikitLearner:
    """Fits in threads, on half of the processor's cores; liblinear lets others run meanwhile."""

    def __init__(self) -> None:
        """Begin with nothing to do."""
        self._turn = asyncio.Semaphore(max(1, (os.cpu_count() or 1) // 2))

    async def fit(
        self, features: Features, labels: NDArray[np.int64], *, loss: Loss = "hinge", strength: float = 1.0
    ) -> Linear:
        """Fit a classifier."""
        async with self._turn:
            return await asyncio.to_thread(fitted, features, labels, loss, strength)

    async def close(self) -> None:
        """Have nothing to give back."""


def fitted(features: Features, labels: NDArray[np.int64], loss: Loss, strength: float) -> Linear:
    """Fit a classifier, here and now."""
    rows = csr_matrix(
        (features.values, features.columns, features.starts), shape=(len(features), features.width)
    )
    if loss == "hinge":
        model = LinearSVC(C=strength, max_iter=_ROUNDS_MAX, random_state=_SEED)
    else:
        model = LogisticRegression(C=strength, max_iter=_ROUNDS_MAX, random_state=_SEED)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # what was reached in so many rounds is used
        model.fit(rows, labels)
    weights, bias = np.atleast_2d(model.coef_), np.atleast_1d(model.intercept_)
    if len(weights) == 1:  # two classes have one plane between them
        weights, bias = np.concatenate([-weights, weights]), np.concatenate([-bias, bias])
    return Linear(np.ascontiguousarray(weights.T, np.float32), bias.astype(np.float32))
