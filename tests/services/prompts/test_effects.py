"""What a difference is worth: held against another library, and against chance itself."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from mainstay.services.prompts.checks import mcnemar
from mainstay.services.prompts.effects import JUDGED_LEAST, Moments, compared, shares_off
from mainstay.services.prompts.students import quantile, two_sided

Values = NDArray[np.float64]


def moments(values: Values) -> Moments:
    return Moments(len(values), float(values.mean()), float(values.var(ddof=1)))


@pytest.mark.parametrize("freedom", [1.0, 2.5, 19.0, 38.7, 400.0, 50_000.0])
def test_students_distribution_is_right(freedom: float) -> None:
    for t in (0.0, 0.1, 1.0, 2.5, 8.0, 30.0):
        assert two_sided(t, freedom) == pytest.approx(2 * stats.t.sf(t, freedom), rel=1e-9, abs=1e-300)
    for chance in (0.6, 0.975, 0.9995):
        assert quantile(chance, freedom) == pytest.approx(stats.t.ppf(chance, freedom), rel=1e-9)


def test_welchs_test_is_right() -> None:
    random = np.random.default_rng(5)
    first, other = random.normal(3, 1, 40), random.normal(3.4, 2, 75)
    found = compared(moments(first), moments(other), 0.05)
    assert found is not None
    theirs = stats.ttest_ind(other, first, equal_var=False)
    assert found.effect == pytest.approx(other.mean() - first.mean())
    assert found.p_value == pytest.approx(theirs.pvalue, rel=1e-9)
    interval = theirs.confidence_interval(0.95)
    assert found.interval == pytest.approx((interval.low, interval.high), rel=1e-9)
    assert found.interval_always[0] < found.interval[0] < found.interval[1] < found.interval_always[1]
    assert found.p_value_always > found.p_value


def test_whoever_looks_again_and_again_is_not_misled() -> None:
    """Two arms without any difference, looked at after every 40 keys: how often is one told all the same?"""
    random = np.random.default_rng(11)
    naive = always = 0
    trials = 200
    for _ in range(trials):
        both = random.binomial(1, 0.3, (2, 1_600)).astype(float)
        looks = [
            compared(moments(both[0, :until]), moments(both[1, :until]), 0.05)
            for until in range(40, 1_601, 40)
        ]
        told = [look for look in looks if look is not None]
        naive += any(look.p_value < 0.05 for look in told)
        always += any(look.interval_always[0] > 0 or look.interval_always[1] < 0 for look in told)
    assert naive / trials > 0.25, "the usual test is misled"
    assert always / trials <= 0.05


def test_a_difference_that_is_there_is_found() -> None:
    random = np.random.default_rng(3)
    found = compared(
        moments(random.binomial(1, 0.3, 2_000).astype(float)),
        moments(random.binomial(1, 0.4, 2_000).astype(float)),
        0.05,
    )
    assert found is not None
    assert found.interval_always[0] > 0
    assert found.p_value_always < 0.05


def test_too_little_says_nothing() -> None:
    few = Moments(JUDGED_LEAST - 1, 1.0, 1.0)
    many = Moments(1_000, 2.0, 1.0)
    same = Moments(1_000, 1.0, 0.0)
    assert compared(few, many, 0.05) is None
    assert compared(same, same, 0.05) is None


def test_other_shares_than_meant_are_noticed() -> None:
    assert not shares_off([5_020, 4_980], [1, 1])
    assert not shares_off([3, 1], [1, 1])
    assert shares_off([5_300, 4_700], [1, 1])
    assert not shares_off([9_010, 990], [9, 1])
    assert shares_off([8_700, 1_300], [9, 1])


@pytest.mark.parametrize(("fixed", "broken"), [(0, 0), (5, 0), (3, 9), (40, 41), (200, 0)])
def test_mcnemars_test_is_right(fixed: int, broken: int) -> None:
    theirs = stats.binomtest(fixed, fixed + broken).pvalue if fixed + broken else 1.0
    assert mcnemar(fixed, broken) == pytest.approx(theirs, rel=1e-9)
