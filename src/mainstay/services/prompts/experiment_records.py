"""Experiments: versions that are tried against each other, and what came of it."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from mainstay.kernel.interface import Input, Record
from mainstay.services.prompts.records import Version

ARMS_MAX = 8
ExperimentId = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[\w-]+$")]
ArmName = Annotated[str, StringConstraints(min_length=1, max_length=32, pattern=r"^[\w-]+$")]
WinnerName = Annotated[
    str,
    StringConstraints(max_length=32, pattern=r"^[\w-]*$"),
    Field(description="The arm to whose version the label moves; empty: it stays where it is."),
]
Alpha = Annotated[
    float, Field(ge=0.001, le=0.2, description="How often a difference may be told where there is none.")
]


class Arm(Input):
    """A version that is tried, and which share it gets beside the others."""

    arm: ArmName
    version: Version
    weight: Annotated[float, Field(ge=0.001, le=1_000)] = 1.0


Arms = Annotated[
    list[Arm],
    Field(min_length=2, max_length=ARMS_MAX, description="The first one is what others are compared with."),
]


class Experiment(Record):
    """An experiment on what a label gives; while it runs each key stays with one arm."""

    experiment_id: str
    name: str
    label: str
    state: Literal["running", "stopped"]
    arms: list[Arm]
    alpha: float
    winner: str = Field(description="The arm to whose version the label was moved at the end; empty: none.")
    author: str
    started_ms: int
    stopped_ms: int | None


class ArmResult(Record):
    """What came of an arm. Keys count, not answers: those of one key are averaged first."""

    arm: str
    version: int
    exposures: int
    keys: int
    judged_keys: int
    mean: float | None
    deviation: float | None


class ArmDifference(Record):
    """An arm beside the first one.

    `p_value` and `interval` are Welch's: they hold when looked at once, at an end that was fixed before.
    `p_value_always` and `interval_always` hold however often one looks (a mixture sequential test; Johari
    et al., KDD 2017): decide by these. All are corrected for the number of arms (Bonferroni).
    """

    arm: str
    effect: float = Field(description="Mean of this arm less that of the first.")
    interval: tuple[float, float]
    p_value: float
    interval_always: tuple[float, float]
    p_value_always: float
    better: Literal["yes", "no", "unclear"] = Field(description="By `interval_always`.")


class ExperimentResult(Record):
    """Where an experiment stands. `leading` is the arm that is better than the first for sure, if one is."""

    experiment: Experiment
    arms: list[ArmResult]
    differences: list[ArmDifference]
    leading: str
    warnings: list[str] = Field(description="What speaks against trusting this, in words.")
