"""What keys and roles are given: at most what their maker has, and what their tenant may."""

from collections.abc import Collection

from mainstay.kernel.bounds import Rights, beyond, permissions_beyond
from mainstay.kernel.caller import Caller
from mainstay.services.identity.failures import KeyMayTooMuch
from mainstay.services.identity.moments import written


def check_permissions(giver: Caller, permissions: Collection[str]) -> None:
    """Refuse permissions that the giver has not; raises KeyMayTooMuch."""
    more = permissions_beyond(giver, permissions)
    if more:
        raise KeyMayTooMuch(more)


def check(giver: Caller, rights: Rights) -> None:
    """Refuse rights that go beyond the giver's; raises KeyMayTooMuch."""
    more = beyond(giver, rights)
    if more:
        raise KeyMayTooMuch(more)


def check_end(giver: Caller, ends_ms: int | None) -> None:
    """Refuse what would outlive the giver's own key; raises KeyMayTooMuch."""
    if giver.ends_ms is not None and (ends_ms is None or ends_ms > giver.ends_ms):
        raise KeyMayTooMuch(
            f"Your key, or its overlap, ends on {written(giver.ends_ms)}; nothing that it gives may end "
            "later. Use another administrator's key."
        )


def check_ceiling(limit: int | None, ceiling: int | None) -> None:
    """Refuse a limit above the tenant's; raises KeyMayTooMuch."""
    if limit is not None and ceiling is not None and limit > ceiling:
        raise KeyMayTooMuch(
            f"Keys of this tenant may send {ceiling} requests a minute at most; the operator can raise it."
        )


def allowed(own: int | None, ceiling: int | None, default: int) -> int:
    """Give the limit that holds: the key's own up to the tenant's, else the tenant's, else the server's."""
    if ceiling is None:
        return own or default
    return min(own or ceiling, ceiling)
