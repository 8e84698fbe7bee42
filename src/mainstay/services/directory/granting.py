"""Which role provisioning gives somebody, and which roles it may touch."""

from collections.abc import Collection

from mainstay.services.directory.records import RoleRule


def role_of(rules: Collection[RoleRule], default: str, said: Collection[str], groups: Collection[str]) -> str:
    """Give the role of the first rule that fits what the identity provider says, else the default."""
    for rule in rules:
        if rule.value in (said if rule.by == "role" else groups):
            return rule.role
    return default


def reach(rules: Collection[RoleRule], default: str) -> frozenset[str]:
    """Give the roles that provisioning gives, and so may take; whoever has another keeps it."""
    return frozenset({default, *(rule.role for rule in rules)})
