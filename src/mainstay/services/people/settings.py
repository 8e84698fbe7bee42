"""What an operator may set about people."""

from dataclasses import dataclass


@dataclass(frozen=True)
class PeopleSettings:
    """How long sessions last, and what all have to show."""

    session_idle_minutes: int = 720
    session_days: int = 14
    second_factor: str = "optional"
