"""Whether a new model is better than the one before it: on examples that neither had learned from."""

import math
from collections.abc import Mapping

from mainstay.services.assistant.records import Comparison


def compared(version: int, before: Mapping[str, bool], after: Mapping[str, bool]) -> Comparison | None:
    """Compare what two models made of the examples that both were tried on; None: there are none.

    The new one may lose a few more than it gains, for chance alone does that: with `gained` and `lost`
    examples on which they differ, the difference of two models that are as good as each other has the
    standard deviation sqrt(gained + lost) (the sign test of McNemar, 1947). Within one of these it is
    switched to: it has learned more.
    """
    both = before.keys() & after.keys()
    if not both:
        return None
    gained = sum(after[name] and not before[name] for name in both)
    lost = sum(before[name] and not after[name] for name in both)
    return Comparison(
        version=version,
        examples=len(both),
        accuracy=round(sum(before[name] for name in both) / len(both), 4),
        candidate_accuracy=round(sum(after[name] for name in both) / len(both), 4),
        gained=gained,
        lost=lost,
        switched=lost - gained <= math.sqrt(gained + lost),
    )
