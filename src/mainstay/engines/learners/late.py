"""A learner that is made when something is trained for the first time: its library takes a second to load."""

import asyncio
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from mainstay.ports.learners import Features, Learner, LearnerUnavailable, Linear, Loss


class LateLearner:
    """Makes the real learner, in a thread, when it is first needed."""

    def __init__(self, make: Callable[[], Learner]) -> None:
        """Take how it is made."""
        self._make = make
        self._made: Learner | None = None
        self._turn = asyncio.Lock()

    async def fit(
        self, features: Features, labels: NDArray[np.int64], *, loss: Loss = "hinge", strength: float = 1.0
    ) -> Linear:
        """Fit a classifier."""
        async with self._turn:
            if self._made is None:
                try:
                    self._made = await asyncio.to_thread(self._make)
                except ImportError as missing:
                    raise LearnerUnavailable(f"{missing.name} is not installed.") from None
        return await self._made.fit(features, labels, loss=loss, strength=strength)

    async def close(self) -> None:
        """Give back what was made."""
        if self._made is not None:
            await self._made.close()
