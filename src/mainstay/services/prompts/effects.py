"""What a difference of means is worth: Welch's test for one look, a mixture test for as many as one likes."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

from mainstay.services.prompts.students import quantile, two_sided

JUDGED_LEAST = 20
"""Below so many keys an arm's mean is told, and no difference."""

_SMALL_EFFECT = 0.2
"""The effect, in deviations, for which the mixture test is quickest (Cohen's small one); it holds for all."""

_SHARES_ALPHA = 0.001


@dataclass(frozen=True)
class Moments:
    """How many keys an arm has, with their mean and their variance (by n − 1)."""

    count: int
    mean: float
    variance: float


@dataclass(frozen=True)
class Effect:
    """A difference of two means, and how sure it is."""

    effect: float
    interval: tuple[float, float]
    p_value: float
    interval_always: tuple[float, float]
    p_value_always: float


def compared(first: Moments, other: Moments, alpha: float) -> Effect | None:
    """Compare an arm with the first; None where there are too few keys.

    Once: Welch's t-test (1947). Always: the normal mixture of Robbins (1970) on the difference's estimate
    and its variance, as Johari, Koomen, Pekelis and Walsh use it ("Peeking at A/B tests", KDD 2017). It
    holds at every look as the counts grow, for what the central limit theorem holds for.
    """
    if min(first.count, other.count) < JUDGED_LEAST:
        return None
    effect = other.mean - first.mean
    parts = (first.variance / first.count, other.variance / other.count)
    variance = sum(parts)
    if variance <= 0:  # all values of each arm are the same: no error can be told
        return None
    freedom = variance**2 / sum(
        part**2 / (each.count - 1) for part, each in zip(parts, (first, other), strict=True)
    )
    error = math.sqrt(variance)
    half = quantile(1 - alpha / 2, freedom) * error
    pooled = ((first.count - 1) * first.variance + (other.count - 1) * other.variance) / (
        first.count + other.count - 2
    )
    mixing = _SMALL_EFFECT**2 * pooled
    whole = variance + mixing
    always = math.sqrt(variance * whole / mixing * math.log(whole / (variance * alpha**2)))
    exponent = mixing * effect**2 / (2 * variance * whole)
    likelihood = 0.5 * math.log(variance / whole) + exponent
    return Effect(
        effect,
        (effect - half, effect + half),
        two_sided(effect / error, freedom),
        (effect - always, effect + always),
        min(1.0, math.exp(-likelihood)) if likelihood > -700 else 1.0,  # noqa: PLR2004 - the exponential's range
    )


def shares_off(counts: Sequence[int], weights: Sequence[float]) -> bool:
    """Say whether arms got other shares of the keys than they should: then something is wrong with the split.

    Each share by the normal approximation of the binomial, at one in a thousand for all arms together.
    """
    total, weight = sum(counts), sum(weights)
    if total < JUDGED_LEAST * len(counts):
        return False
    limit = NormalDist().inv_cdf(1 - _SHARES_ALPHA / (2 * len(counts)))
    for count, each in zip(counts, weights, strict=True):
        share = each / weight
        if abs(count - total * share) > limit * math.sqrt(total * share * (1 - share)):
            return True
    return False
