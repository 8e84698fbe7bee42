"""Makes, changes and shows groups; who is in one stands with the members, and nowhere else."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from mainstay.kernel.bounds import permissions_beyond
from mainstay.kernel.caller import ALL_DOCUMENTS, Caller
from mainstay.kernel.recognising import Standing
from mainstay.kernel.roster import Placed, Roster
from mainstay.kit.clock import Clock
from mainstay.kit.ids import Ids
from mainstay.ports.database import UniqueViolated
from mainstay.services.directory.failures import (
    GroupMayTooMuch,
    GroupMissing,
    GroupNameTaken,
    GroupNameUnclear,
    GroupsTooMany,
    GroupTooLarge,
    RolesBeyondYours,
    VersionStale,
)
from mainstay.services.directory.granting import reach, role_of
from mainstay.services.directory.interface import ALL_GROUPS
from mainstay.services.directory.naming import name_from
from mainstay.services.directory.profiles import SealedProfiles
from mainstay.services.directory.records import Group
from mainstay.services.directory.settings import Settings
from mainstay.services.directory.store import DirectoryStore, GroupRow
from mainstay.services.directory.versions import version_of

GROUPS_MAX = 5_000
MEMBERS_MAX = 20_000


@dataclass(frozen=True)
class Change:
    """What shall be different; none: stays as it is."""

    display_name: str | None = None
    external_id: str | None = None
    add: Sequence[str] = ()
    remove: Sequence[str] = ()
    version: str | None = None


class Groups:
    """The groups of the caller's tenant."""

    def __init__(
        self,
        store: DirectoryStore,
        roster: Roster,
        profiles: SealedProfiles,
        settings: Settings,
        standing: Standing,
        clock: Clock,
        ids: Ids,
    ) -> None:
        """Take the parts."""
        self._store = store
        self._roster = roster
        self._profiles = profiles
        self._settings = settings
        self._standing = standing
        self._clock = clock
        self._ids = ids

    async def make(self, giver: Caller, display_name: str, name: str | None, wish: Change) -> Group:
        """Make a group, with whoever is in one of that name already."""
        now = self._clock.now_ms()
        chosen = name or name_from(display_name)
        if not chosen:
            raise GroupNameUnclear("Give a `name` of letters, digits and . : @ / - _ beside it.")
        _check(giver, chosen)
        if await self._store.count_groups() >= GROUPS_MAX:
            raise GroupsTooMany(f"A tenant has at most {GROUPS_MAX:,} groups; delete one.")
        row = GroupRow(
            group_id=self._ids.new("group"),
            name=chosen,
            display_name=display_name,
            external_id=wish.external_id or None,
            created_ms=now,
            created_by=giver.subject,
            changed_ms=now,
        )
        try:
            await self._store.add_group(row)
        except UniqueViolated:
            raise GroupNameTaken(f"Choose another name than {chosen}, or change that group.") from None
        await self._place(giver, chosen, wish)
        return await self.shown(row)

    async def page(self, beginning: str, after: str, limit: int, *, members: bool) -> list[Group]:
        """List some groups; with a beginning, those whose name or display name begins so."""
        wanted = beginning.casefold()
        rows = [
            row
            for row in await self._store.groups(after)
            if row.name.casefold().startswith(wanted) or row.display_name.casefold().startswith(wanted)
        ][:limit]
        inside = await self._members()
        return [_shown(row, inside.get(row.name, []), listed=members) for row in rows]

    async def find(self, group_id: str) -> GroupRow:
        """Give a group; raises GroupMissing."""
        row = await self._store.group(group_id)
        if row is None:
            raise GroupMissing("List the groups to see their ids.")
        return row

    async def named(self) -> Mapping[str, GroupRow]:
        """Give all groups by their names."""
        return {row.name: row for row in await self._store.groups()}

    async def shown(self, row: GroupRow) -> Group:
        """Give a group with its members."""
        return _shown(row, (await self._members()).get(row.name, []), listed=True)

    async def change(self, giver: Caller, group_id: str, wish: Change) -> tuple[Group, Group]:
        """Change a group, and give it as it was and as it is."""
        row, before = await self._held(giver, group_id, wish.version)
        if wish.add or wish.remove:
            _check(giver, row.name)
        changed = replace(
            row,
            display_name=wish.display_name or row.display_name,
            external_id=row.external_id if wish.external_id is None else wish.external_id or None,
            changed_ms=self._clock.now_ms(),
        )
        await self._store.change_group(changed)
        await self._place(giver, row.name, wish)
        return before, await self.shown(changed)

    async def remove(self, giver: Caller, group_id: str, version: str | None) -> Group:
        """Delete a group, and take everybody out of it."""
        row, before = await self._held(giver, group_id, version)
        _check(giver, row.name)
        await self._place(giver, row.name, Change(remove=before.members or []))
        await self._store.remove_group(group_id)
        return before

    async def leave_all(self, giver: Caller, user_id: str) -> None:
        """Take a user out of every group, without a look at his role."""
        for placed in await self._roster.hold([user_id]):
            if placed.groups:
                await self._roster.regroup(placed, (), placed.role)

    async def _held(self, giver: Caller, group_id: str, version: str | None) -> tuple[GroupRow, Group]:
        row = await self._store.hold_group(group_id)
        if row is None:
            raise GroupMissing("List the groups to see their ids.")
        shown = await self.shown(row)
        if version is not None and version != shown.version:
            raise VersionStale("Read the group again before you change it.")
        return row, shown

    async def _place(self, giver: Caller, name: str, wish: Change) -> None:
        """Put members in and take others out; a role that follows from groups follows at once."""
        wanted = dict.fromkeys(wish.remove, False) | dict.fromkeys(wish.add, True)
        if not wanted:
            return
        rules, default = await self._settings.of()
        by_group = any(rule.by == "group" for rule in rules)
        held = await self._roster.hold(wanted)
        touched = {each.user_id for each in held if by_group and each.kept == "kept"}
        said = await self._profiles.roles_said(touched)
        for placed in held:
            groups = _with(placed.groups, name, inside=wanted[placed.user_id])
            role = placed.role
            if placed.user_id in touched and role in reach(rules, default):
                role = role_of(rules, default, said.get(placed.user_id, ()), groups)
            if role != placed.role:
                await self._check_role(giver, placed, role)
            if (groups, role) != (placed.groups, placed.role):
                await self._roster.regroup(placed, groups, role)
        if wish.add and len((await self._members()).get(name, [])) > MEMBERS_MAX:
            raise GroupTooLarge(f"A group has at most {MEMBERS_MAX:,} members; make several.")

    async def _check_role(self, giver: Caller, placed: Placed, role: str) -> None:
        """Refuse a role that follows from a group, unless the giver provisions or may as much himself."""
        if giver.may("scim:write"):
            return
        for each in (placed.role, role):
            permitted = await self._standing.permitted(giver.tenant_id, each) or frozenset()
            more = permissions_beyond(giver, permitted)
            if more:
                raise RolesBeyondYours(f"This group gives and takes the role {each}. {more}")

    async def _members(self) -> Mapping[str, list[str]]:
        found: dict[str, list[str]] = {}
        for user_id, groups in (await self._roster.in_groups()).items():
            for group in groups:
                found.setdefault(group, []).append(user_id)
        return found


def _check(giver: Caller, name: str) -> None:
    if name not in giver.groups and not giver.may(ALL_DOCUMENTS) and not giver.may(ALL_GROUPS):
        raise GroupMayTooMuch(f"You are not in {name}. Ask somebody who is, or an administrator.")


def _with(groups: Iterable[str], name: str, *, inside: bool) -> tuple[str, ...]:
    present = tuple(groups)
    if inside:
        return present if name in present else (*present, name)
    return tuple(each for each in present if each != name)


def _shown(row: GroupRow, members: Collection[str], *, listed: bool) -> Group:
    inside = sorted(members)
    return Group(
        group_id=row.group_id,
        name=row.name,
        display_name=row.display_name,
        external_id=row.external_id,
        members_count=len(inside),
        members=inside if listed else None,
        created_ms=row.created_ms,
        created_by=row.created_by,
        changed_ms=row.changed_ms,
        version=version_of([row.display_name, row.external_id, inside]),
    )
