"""Values for the operations on groups and provisioned users."""

import re

from transports.worlds import NOWHERE, Sample, Values, World, plain


def _slug(mark: str) -> str:
    return re.sub("[^a-z0-9]", "-", mark)


def _group(world: World, mark: str) -> Values:
    """Give a group, the same each time for a mark: what is read must stay the same at every door."""
    name = f"gone-{_slug(mark)}"
    found = world.call("directory.list_groups", q=name, limit=1)
    return {"group_id": (found or [world.call("directory.create_group", display_name=name)])[0]["group_id"]}


def _kept_group(world: World, _mark: str) -> Values:
    return _group(world, "kept")


def _profile(mark: str, what: str = "new") -> Values:
    name = f"{_slug(mark)}.{what}@example.com"
    return {"user_name": name, "name": {"given_name": "Zoë"}, "roles": [{"value": "staff"}]}


def _provisioned(world: World, mark: str) -> Values:
    profile = _profile(mark, "kept")
    found = world.call("directory.list_provisioned_users", user_name=profile["user_name"])["users"]
    return {"user_id": (found or [world.call("directory.provision_user", profile=profile)])[0]["user_id"]}


_RULES = [{"by": "group", "value": "staff", "role": "user"}]

DIRECTORY: dict[str, Sample] = {
    "directory.create_group": Sample(
        lambda world, mark: {
            "display_name": f"Zürich {mark}",
            "name": f"g-{_slug(mark)}",
            "external_id": "b7c1",
            "members": [world.user_id],
        },
        {"display_name": "", "name": "no name!"},
        {"members": [NOWHERE]},
    ),
    "directory.list_groups": Sample(plain(q="no such", with_members=True, limit=2), {"limit": 501}),
    "directory.get_group": Sample(_kept_group, {"group_id": "no id!"}, {"group_id": NOWHERE}),
    "directory.update_group": Sample(
        lambda world, mark: {**_group(world, mark), "display_name": "Änne", "add": [world.user_id]},
        {"group_id": "a", "add": ["no id!"]},
        {"group_id": NOWHERE},
    ),
    "directory.delete_group": Sample(_group, {"group_id": "no id!"}, {"group_id": NOWHERE}),
    "directory.get_provisioning": Sample(plain()),
    "directory.set_provisioning": Sample(
        plain(default_role="user", rules=_RULES), {"default_role": "No Role", "rules": [{"by": "mood"}]}
    ),
    "directory.provision_user": Sample(
        lambda _, mark: {"profile": _profile(mark)}, {"profile": {"user_name": ""}}
    ),
    "directory.list_provisioned_users": Sample(
        plain(user_name="nobody@example.com", start=1, limit=2), {"limit": 501}
    ),
    "directory.get_provisioned_user": Sample(
        lambda world, _: {"user_id": world.user_id}, {"user_id": "no id!"}, {"user_id": NOWHERE}
    ),
    "directory.replace_provisioned_user": Sample(
        lambda world, mark: {**_provisioned(world, mark), "profile": _profile(mark, "kept"), "active": False},
        {"user_id": "a", "version": "no version!"},
        {"user_id": NOWHERE},
    ),
    "directory.deprovision_user": Sample(_provisioned, {"user_id": "no id!"}, {"user_id": NOWHERE}),
}
