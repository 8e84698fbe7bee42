"""What each role may do."""

from typing import Literal

from mainstay.kernel.caller import EVERYTHING

Role = Literal["admin", "developer", "user"]

_USER = frozenset({"documents:read", "jobs:read", "feedback:write"})
_DEVELOPER = _USER | {
    "documents:write",
    "collections:write",
    "knowledge:evaluate",
    "jobs:write",
}

PERMISSIONS: dict[Role, frozenset[str]] = {
    "admin": frozenset({EVERYTHING}),
    "developer": _DEVELOPER,
    "user": _USER,
}
