"""Student's t distribution, by the incomplete beta function, without loading a library of science."""

import math
from statistics import NormalDist

_STEPS_MAX = 500
_CLOSE = 1e-14
_NEAR = 1e-11
_TINY = 1e-300


def two_sided(t: float, freedom: float) -> float:
    """Give the chance of a value as far from 0 as `t`, or farther."""
    return _beta(freedom / (freedom + t * t), freedom / 2, 0.5)


def quantile(chance: float, freedom: float) -> float:
    """Give the value below which a share above one half of the distribution lies.

    By Newton's steps from the normal distribution's, which is below: the tail is convex, so none is too far.
    """
    tail, found = 2 * (1 - chance), NormalDist().inv_cdf(chance)
    for _ in range(_STEPS_MAX):
        step = (two_sided(found, freedom) - tail) / (2 * _density(found, freedom))
        found += step
        if abs(step) <= _NEAR * found:
            break
    return found


def _density(t: float, freedom: float) -> float:
    half = freedom / 2
    scale = math.lgamma(half + 0.5) - math.lgamma(half) - 0.5 * math.log(freedom * math.pi)
    return math.exp(scale - (half + 0.5) * math.log1p(t * t / freedom))


def _beta(x: float, a: float, b: float) -> float:
    """Give the regularised incomplete beta function, by the continued fraction on its quick side."""
    if x <= 0 or x >= 1:
        return min(max(x, 0.0), 1.0)
    front = math.exp(
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    )
    if x < (a + 1) / (a + b + 2):
        return front * _fraction(x, a, b) / a
    return 1 - front * _fraction(1 - x, b, a) / b


def _fraction(x: float, a: float, b: float) -> float:
    """Evaluate the continued fraction by the method of Lentz (Abramowitz and Stegun 26.5.8)."""
    c, d = 1.0, 1 / _away(1 - (a + b) * x / (a + 1))
    found = d
    for m in range(1, _STEPS_MAX):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for part in (even, odd):
            d = 1 / _away(1 + part * d)
            c = _away(1 + part / c)
            found *= c * d
        if abs(c * d - 1) < _CLOSE:
            break
    return found


def _away(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
