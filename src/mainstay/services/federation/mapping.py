"""From what an identity provider says of somebody to a role and groups here."""

from collections.abc import Mapping as Claims
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mainstay.services.federation.records import ClaimMapping

VALUES_MAX = 500
_TEXT_MAX = 500


@dataclass(frozen=True)
class Grant:
    """What somebody gets; an empty role is no access."""

    role: str
    groups: frozenset[str]


def granted(claims: Claims[str, Any], mapping: ClaimMapping) -> Grant:
    """Apply the rules: the first that fits gives the role, all that fit give groups."""
    fitting = [rule for rule in mapping.rules if rule.value in values_of(claims, rule.claim)]
    role = next((rule.role for rule in fitting if rule.role), mapping.default_role)
    return Grant(role or "", frozenset(group for rule in fitting for group in rule.groups))


def values_of(claims: Claims[str, Any], name: str) -> Sequence[str]:
    """Give a claim's values; a dotted name is looked for within objects if no claim has it as it stands."""
    found: Any = claims.get(name)
    if found is None and "." in name:
        found = claims
        for part in name.split("."):
            found = found.get(part) if isinstance(found, dict) else None
    many = found if isinstance(found, list | tuple) else [found]
    return [_text(value) for value in many[:VALUES_MAX] if isinstance(value, str | int | float)]


def first_of(claims: Claims[str, Any], name: str) -> str:
    """Give the first value of a claim, cut to what is kept; empty when there is none."""
    return next((value for value in values_of(claims, name) if value), "")[:_TEXT_MAX]


def _text(value: str | float) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
