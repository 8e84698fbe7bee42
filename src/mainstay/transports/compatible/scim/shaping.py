"""Between what the directory knows of users and groups, and SCIM's resources."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel
from scim2_models import Meta, Reference

from mainstay.services.directory.interface import Group as DirectoryGroup
from mainstay.services.directory.interface import ProvisionedUser
from mainstay.transports.compatible.scim.models import (
    Email,
    EnterpriseUser,
    Group,
    GroupMember,
    KeptUser,
    Membership,
    Name,
    Role,
)

_TEXTS = ("user_name", "external_id", "display_name", "title", "preferred_language", "locale", "timezone")


def user_of(known: ProvisionedUser) -> KeptUser:
    """Give a user as SCIM has it."""
    profile = known.profile
    made = KeptUser(
        id=known.user_id,
        **{name: getattr(profile, name) for name in _TEXTS},
        name=None if profile.name is None else Name(**profile.name.model_dump()),
        active=known.active,
        emails=[Email(**each.model_dump()) for each in profile.emails],
        roles=[Role(**each.model_dump()) for each in profile.roles] or None,
        groups=[
            Membership(
                value=each.group_id,
                ref=Reference[Group](f"Groups/{each.group_id}"),
                display=each.display_name,
                type="direct",
            )
            for each in known.groups
        ]
        or None,
        meta=_meta("User", known.created_ms, known.changed_ms, known.version),
    )
    if profile.work is not None:
        made[EnterpriseUser] = EnterpriseUser(**profile.work.model_dump())
    return made


def profile_of(user: Any) -> dict[str, Any]:
    """Give what the directory keeps of a user."""
    told: dict[str, Any] = {name: getattr(user, name) for name in _TEXTS}
    told["name"] = _plain(user.name)
    told["emails"] = [_plain(each) for each in user.emails or () if each.value]
    told["roles"] = [_plain(each) for each in user.roles or () if each.value]
    told["work"] = _plain(user[EnterpriseUser])
    return {name: value for name, value in told.items() if value not in (None, {})}


def group_of(known: DirectoryGroup) -> Group:
    """Give a group as SCIM has it."""
    return Group(
        id=known.group_id,
        external_id=known.external_id,
        display_name=known.display_name,
        members=[
            GroupMember(value=each, ref=Reference[KeptUser](f"Users/{each}"), type="User")
            for each in known.members or ()
        ]
        or None,
        meta=_meta("Group", known.created_ms, known.changed_ms, known.version),
    )


def members_of(group: Group) -> list[str]:
    """Give the ids of a group's members, each once; one may be told by its address alone."""
    found = (each.value or str(each.ref or "").rpartition("/")[2] for each in group.members or ())
    return list(dict.fromkeys(each for each in found if each))


def _meta(kind: str, created_ms: int, changed_ms: int, version: str) -> Meta:
    return Meta(
        resource_type=kind,
        created=datetime.fromtimestamp(created_ms / 1000, UTC),
        last_modified=datetime.fromtimestamp(changed_ms / 1000, UTC),
        version=f'W/"{version}"',
    )


def _plain(value: BaseModel | None) -> Mapping[str, Any]:
    """Give the fields that are there, by their own names."""
    if value is None:
        return {}
    found = {name: getattr(value, name) for name in type(value).model_fields}
    return {name: each for name, each in found.items() if each is not None and name != "schemas"}
