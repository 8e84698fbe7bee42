"""What an operator may set about people."""

from dataclasses import dataclass


@dataclass(frozen=True)
class PeopleSettings:
    """How long sessions last, and where people find the server."""

    public_url: str = "http://127.0.0.1:8080"
    session_idle_minutes: int = 720
    session_days: int = 14
