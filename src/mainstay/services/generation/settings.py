"""What an operator may set of generated answers."""

from dataclasses import dataclass


@dataclass(frozen=True)
class GenerationSettings:
    """For how many days traces are kept; 0: none is written."""

    kept_days: int = 30
