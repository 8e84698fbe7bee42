"""What each of the roles may do that come with the server."""

from collections.abc import Collection, Mapping

from mainstay.kernel.caller import EVERYTHING

_USER = frozenset(
    {
        "documents:read",
        "collections:read",
        "jobs:read",
        "feedback:write",
        "assistants:use",
        "conversations:read",
        "conversations:write",
        "generation:use",
        "language:use",
    }
)
_DEVELOPER = _USER | {
    "documents:write",
    "collections:write",
    "files:read",
    "files:write",
    "index:rebuild",
    "knowledge:evaluate",
    "jobs:write",
    "traces:read",
    "assistants:read",
    "assistants:write",
    "prompts:read",
    "prompts:write",
}

PERMISSIONS: Mapping[str, frozenset[str]] = {
    "admin": frozenset({EVERYTHING}),
    "developer": _DEVELOPER,
    "user": _USER,
    "researcher": frozenset(
        {
            "documents:read",
            "collections:read",
            "jobs:read",
            "knowledge:evaluate",
            "generation:use",
            "language:use",
            "prompts:read",
        }
    ),
    "operations": frozenset({"collections:read", "index:rebuild", "jobs:read", "jobs:write", "usage:read"}),
    "compliance_officer": frozenset(
        {"audit:read", "privacy:read", "keys:read", "roles:read", "collections:read", "jobs:read"}
    ),
    "provisioning": frozenset({"scim:read", "scim:write", "groups:read", "groups:write", "groups:all"}),
}
DESCRIPTIONS: Mapping[str, str] = {
    "admin": "May do everything.",
    "developer": "Reads and writes documents, analyses texts, evaluates, makes bots, looks after jobs.",
    "user": "Searches, asks, talks with bots, reads documents, gives feedback.",
    "researcher": "Reads and evaluates; writes nothing.",
    "operations": "Looks after jobs, usage and the index; sees no document's content.",
    "compliance_officer": "Reads the audit and privacy; lists keys, roles, collections and jobs.",
    "provisioning": "For the key of an identity provider: keeps users and groups by SCIM.",
}


def permitted(role: str, own: Collection[str] | None) -> frozenset[str]:
    """Give what a key may: what is written down with it, else what its built-in role may."""
    return PERMISSIONS.get(role, frozenset()) if own is None else frozenset(own)
