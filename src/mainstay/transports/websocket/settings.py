"""Limits of the WebSocket door."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from mainstay.kernel.address import PublicAddress
from mainstay.kernel.caller import Credential

FindSession = Callable[[Iterable[tuple[bytes, bytes]], str], Credential | None]
"""Finds the credential of a browser's session in raw headers, for a scheme."""


def no_session(_: Iterable[tuple[bytes, bytes]], __: str) -> Credential | None:
    """Find none."""
    return None


@dataclass(frozen=True)
class SocketSettings:
    """Limits; times in seconds.

    `allowed_hosts` are the Host headers that are answered (without port; empty: any), `allowed_origins` the
    web pages that may connect beside those of this server's own host; these never by a session's cookie.
    """

    hello_s: float = 10.0
    """How long whoever has connected may take to say who he is."""
    idle_s: float = 600.0
    """How long nothing may be asked and nothing in progress."""
    look_again_s: float = 2.0
    """How often it is made sure that the caller still may."""
    in_progress_max: int = 32
    per_caller_max: int = 32
    per_household_max: int = 32
    """How many connections of one household may be open at once that have not yet said who they are."""
    per_tenant_max: int = 2000
    """How many connections of one tenant may be open at once; of all who are not known yet, as many."""
    connections_max: int = 5000
    allowed_hosts: tuple[str, ...] = ()
    allowed_origins: tuple[str, ...] = ()
    address: PublicAddress = field(default_factory=lambda: PublicAddress(""))
    session: FindSession = no_session
