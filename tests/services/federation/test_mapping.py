"""From claims to a role and groups."""

from typing import Any

import pytest

from mainstay.services.federation.mapping import first_of, granted, values_of
from mainstay.services.federation.records import ClaimMapping

MAPPING = ClaimMapping.model_validate(
    {
        "rules": [
            {"claim": "groups", "value": "guests", "groups": ["public"]},
            {"claim": "groups", "value": "board", "role": "admin"},
            {"claim": "realm_access.roles", "value": "editor", "role": "developer", "groups": ["texts"]},
            {"claim": "vip", "value": "true", "role": "researcher"},
        ],
        "default_role": "user",
    }
)


@pytest.mark.parametrize(
    ("claims", "role", "groups"),
    [
        ({}, "user", set()),
        ({"groups": "board"}, "admin", set()),
        ({"groups": ["guests", "board"]}, "admin", {"public"}),
        ({"groups": ("board",), "realm_access": {"roles": ["editor"]}}, "admin", {"texts"}),
        ({"realm_access.roles": "editor", "realm_access": {"roles": []}}, "developer", {"texts"}),
        ({"groups": ["Board", "board ", "boards"]}, "user", set()),
        ({"groups": {"board": True}}, "user", set()),
        ({"vip": True}, "researcher", set()),
        ({"vip": "true"}, "researcher", set()),
        ({"vip": 1}, "user", set()),
        ({"realm_access": "editor"}, "user", set()),
        ({"groups": [["board"], None, {"a": "board"}]}, "user", set()),
    ],
)
def test_rules_give_what_they_say(claims: dict[str, Any], role: str, groups: set[str]) -> None:
    grant = granted(claims, MAPPING)
    assert (grant.role, grant.groups) == (role, groups)


def test_without_a_default_nobody_gets_in_unmapped() -> None:
    assert granted({"groups": "staff"}, ClaimMapping()).role == ""


def test_values_are_bounded() -> None:
    assert len(values_of({"a": ["x"] * 10_000}, "a")) == 500
    assert len(first_of({"a": ["", "y" * 10_000]}, "a")) == 500
    assert first_of({}, "a") == ""
