"""What an operator may set at the REST door."""

from dataclasses import dataclass, field

from mainstay.kernel.address import PublicAddress

_MIB = 1024 * 1024


@dataclass(frozen=True)
class RestSettings:
    """Limits of the REST door: sizes in bytes, times in seconds."""

    json_bytes_max: int = 32 * _MIB
    upload_bytes_max: int = 128 * _MIB
    body_idle_s: float = 20.0
    """How long a body may stand still before it is given up."""
    body_total_s: float = 600.0
    watched_after_s: float = 1.0
    """How long something is computed before it is looked whether its client is still there."""
    heartbeat_s: float = 15.0
    """How often a stream without pieces says that it is alive."""
    address: PublicAddress = field(default_factory=lambda: PublicAddress(""))
    """Where this server is reached, for those who are told how to come by a token."""
