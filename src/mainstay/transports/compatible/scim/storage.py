"""Reads and writes users and groups by the directory's operations, in place of a table."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

from scim2_models import (
    NotFoundException,
    Resource,
    ResourceType,
    ResponseParameters,
    SearchRequest,
    TooManyException,
)
from scim2_models.path import CompareOperator, Comparison, LogicalExpr, LogicalOperator
from scim2_server.storage import AsyncScimStorage, SearchPage

from mainstay.services.directory.interface import Group as DirectoryGroup
from mainstay.services.directory.interface import ProvisionedUser
from mainstay.transports.compatible.scim.models import RESULTS_MAX
from mainstay.transports.compatible.scim.shaping import group_of, members_of, profile_of, user_of

LOOKED_THROUGH_MAX = 10_000
_PAGE = 500
_BREATH = 50
_ID = re.compile(r"[\w-]{1,64}")
_INDEXED = {"username": "user_name", "externalid": "external_id"}

Ask = Callable[..., Awaitable[Any]]
"""Walks the road to an operation of the directory, named first, with its values by name."""


class DirectoryStorage(AsyncScimStorage):
    """The directory, for one request: what was read is remembered, so that only differences are written."""

    def __init__(self, ask: Ask, *, strict: bool) -> None:
        """Take the way to the operations, and whether the client has said which version it means."""
        self._ask = ask
        self._strict = strict
        self._members: dict[str, set[str]] = {}

    async def get(
        self,
        resource_type: ResourceType,
        resource_id: str,
        *,
        response_parameters: ResponseParameters[Any] | None = None,
    ) -> Resource[Any]:
        """Give a user or a group."""
        if not _ID.fullmatch(resource_id):
            raise NotFoundException
        if _is_user(resource_type):
            return user_of(await self._ask("get_provisioned_user", user_id=resource_id))
        known = await self._ask("get_group", group_id=resource_id)
        if not _shows_members(response_parameters):
            return group_of(known.model_copy(update={"members": None}))
        group = group_of(known)
        self._members[resource_id] = set(members_of(group))
        return group

    async def create(self, resource_type: ResourceType, resource: Resource[Any]) -> Resource[Any]:
        """Make a user or a group."""
        told: Any = resource
        if _is_user(resource_type):
            active = told.active is not False
            return user_of(await self._ask("provision_user", profile=profile_of(told), active=active))
        values = _some(display_name=told.display_name, external_id=told.external_id)
        return group_of(await self._ask("create_group", **values, members=members_of(told)))

    async def update(
        self, resource_type: ResourceType, resource: Resource[Any], *, expected_version: str | None = None
    ) -> Resource[Any]:
        """Store a user or a group as it is to be."""
        told: Any = resource
        if _is_user(resource_type):
            return user_of(
                await self._ask(
                    "replace_provisioned_user",
                    user_id=told.id,
                    profile=profile_of(told),
                    active=told.active is not False,
                    **_some(version=_tag(expected_version)),
                )
            )
        before, wanted = self._members.get(told.id, set()), members_of(told)
        return group_of(
            await self._ask(
                "update_group",
                group_id=told.id,
                **_some(display_name=told.display_name),
                external_id=told.external_id or "",
                add=[each for each in wanted if each not in before],
                remove=sorted(before - set(wanted)),
                **_some(version=_tag(expected_version) if self._strict else None),
            )
        )

    async def delete(
        self, resource_type: ResourceType, resource_id: str, *, expected_version: str | None = None
    ) -> None:
        """End the provisioning of a user, or delete a group."""
        version = _some(version=_tag(expected_version) if self._strict else None)
        if _is_user(resource_type):
            await self._ask("deprovision_user", user_id=resource_id, **version)
        else:
            await self._ask("delete_group", group_id=resource_id, **version)

    async def search(
        self, resource_types: list[ResourceType], search_request: SearchRequest[Any], *, position: Any = None
    ) -> SearchPage:
        """Give a page of what fits, groups behind users where both are asked for."""
        start = search_request.start_index_0 or 0
        count = RESULTS_MAX if search_request.count is None else search_request.count
        total = 0
        found: list[Resource[Any]] = []
        for resource_type in sorted(resource_types, key=_is_user, reverse=True):
            some = self._users if _is_user(resource_type) else self._groups
            more, page = await some(search_request, max(0, start - total), count - len(found))
            total += more
            found += page
        return SearchPage(total, found)

    async def _users(
        self, request: SearchRequest[Any], skipped: int, count: int
    ) -> tuple[int, Sequence[Resource[Any]]]:
        if request.filter is None:
            page = await self._ask("list_provisioned_users", start=skipped + 1, limit=min(count, _PAGE))
            return page.total, [user_of(each) for each in page.users]
        sought = _sought(request.filter.ast)
        found = [
            user async for user in _breathing(self._some_users(sought), user_of) if request.filter.match(user)
        ]
        return len(found), found[skipped : skipped + count]

    async def _some_users(self, sought: dict[str, str]) -> AsyncIterator[ProvisionedUser]:
        """Give the users that a filter may fit: those who are known by an index, else all."""
        start = 1
        while True:
            page = await self._ask("list_provisioned_users", **sought, start=start, limit=_PAGE)
            if page.total > LOOKED_THROUGH_MAX:
                raise TooManyException(detail="Filter by userName or externalId: there are too many users.")
            for each in page.users:
                yield each
            start += _PAGE
            if start > page.total:
                return

    async def _groups(
        self, request: SearchRequest[Any], skipped: int, count: int
    ) -> tuple[int, Sequence[Resource[Any]]]:
        members = _shows_members(request) or "members" in str(request.filter or "").casefold()
        found = [
            group
            async for group in _breathing(self._all_groups(members=members), group_of)
            if request.filter is None or request.filter.match(group)
        ]
        return len(found), found[skipped : skipped + count]

    async def _all_groups(self, *, members: bool) -> AsyncIterator[DirectoryGroup]:
        after: dict[str, str] = {}
        while True:
            page = await self._ask("list_groups", **after, with_members=members, limit=_PAGE)
            for each in page:
                yield each
            if len(page) < _PAGE:
                return
            after = {"after": page[-1].group_id}


async def _breathing(
    known: AsyncIterator[Any], shape: Callable[[Any], Resource[Any]]
) -> AsyncIterator[Resource[Any]]:
    """Shape one thing after another, and let others have their turn between."""
    number = 0
    async for each in known:
        number += 1
        if number % _BREATH == 0:
            await asyncio.sleep(0)
        yield shape(each)


def _sought(node: Any) -> dict[str, str]:
    """Give what every user who fits a filter has, where there is an index for it."""
    terms = node.terms if isinstance(node, LogicalExpr) and node.op == LogicalOperator.and_ else (node,)
    return {
        _INDEXED[term.attr_path.attr.lower()]: term.value
        for term in terms
        if isinstance(term, Comparison)
        and term.op == CompareOperator.eq
        and term.attr_path.sub_attr is None
        and term.attr_path.attr.lower() in _INDEXED
        and isinstance(term.value, str)
        and term.value
    }


def _shows_members(wanted: ResponseParameters[Any] | None) -> bool:
    """Say whether members are told: to shape some thousands that nobody sees takes its time."""
    if wanted is None:
        return True
    if wanted.attributes:
        return any("members" in str(each).casefold() for each in wanted.attributes)
    return all(str(each).casefold() != "members" for each in wanted.excluded_attributes or ())


def _is_user(resource_type: ResourceType) -> bool:
    return resource_type.name == "User"


def _tag(version: str | None) -> str | None:
    """Give a version without what makes it an entity tag."""
    return None if version is None else version.removeprefix("W/").strip('"')


def _some(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
