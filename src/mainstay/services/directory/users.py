"""Makes, changes and shows users as an identity provider keeps them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import TypeAdapter, ValidationError

from mainstay.kernel.admission import Approvals
from mainstay.kernel.caller import Caller
from mainstay.kernel.recognising import Standing
from mainstay.kernel.roster import Enrolled, Enrolment, Revision, Roster
from mainstay.kit.clock import Clock
from mainstay.ports.database import UniqueViolated
from mainstay.services.directory.failures import AddressNeeded, UserNameTaken, VersionStale
from mainstay.services.directory.granting import reach, role_of
from mainstay.services.directory.groups import Groups
from mainstay.services.directory.profiles import EXTERNAL, NAME, SealedProfiles, said
from mainstay.services.directory.records import (
    Address,
    Email,
    GroupOfUser,
    Profile,
    ProvisionedUser,
    ProvisionedUsers,
)
from mainstay.services.directory.settings import Settings
from mainstay.services.directory.store import DirectoryStore, GroupRow, UserRow
from mainstay.services.directory.versions import version_of
from mainstay.services.people.interface import RoleUnknown, UserExists, UserMissing

_NAME_LENGTH_MAX = 100
_EMAIL: TypeAdapter[str] = TypeAdapter(Email)


@dataclass(frozen=True)
class Sought:
    """What users are found by; none: any."""

    user_name: str | None
    external_id: str | None


class Users:
    """Users as provisioning sees them."""

    def __init__(
        self,
        store: DirectoryStore,
        roster: Roster,
        profiles: SealedProfiles,
        settings: Settings,
        groups: Groups,
        approvals: Approvals,
        standing: Standing,
        clock: Clock,
    ) -> None:
        """Take the parts."""
        self._store = store
        self._roster = roster
        self._profiles = profiles
        self._settings = settings
        self._groups = groups
        self._approvals = approvals
        self._standing = standing
        self._clock = clock

    async def make(self, giver: Caller, profile: Profile, *, active: bool) -> ProvisionedUser:
        """Make a user, or take one up again with whom provisioning had ended."""
        email = address_of(profile)
        groups = await self._groups.named()
        known = await self._roster.find_email(email)
        if known is not None and not ended(known):
            raise UserExists("Find it by its user name or e-mail address, and change it instead.")
        await self._refuse_taken(profile, known)
        if known is not None:
            return await self._keep(giver, known, None, profile, active=active)
        rules, default = await self._settings.of()
        role = await self._permitted(giver, role_of(rules, default, said(profile), ()))
        mailed = not await self._approvals.approved(email)
        made = await self._roster.enrol(giver, Enrolment(email, called(profile), role, active, mailed))
        await self._write(None, made.user_id, profile)
        return self._shown(made, profile, groups, made.created_ms)

    async def page(self, sought: Sought, start: int, limit: int) -> ProvisionedUsers:
        """List users, or find those who have all that is sought."""
        groups = await self._groups.named()
        if sought != Sought(None, None):
            found = await self._sought(sought)
            some = found[start - 1 : start - 1 + limit]
            total = len(found)
        else:
            total = await self._roster.count()
            some = list(await self._roster.page(start - 1, limit)) if limit else []
        rows = await self._store.users([each.user_id for each in some])
        users = [self._told(each, rows.get(each.user_id), groups) for each in some]
        return ProvisionedUsers(total=total, users=users)

    async def give(self, user_id: str) -> ProvisionedUser:
        """Give a user; raises UserMissing."""
        member = await self._find(user_id)
        row = await self._store.user(user_id)
        return self._told(member, row, await self._groups.named())

    async def replace(
        self, giver: Caller, user_id: str, profile: Profile, version: str | None, *, active: bool
    ) -> tuple[ProvisionedUser, ProvisionedUser]:
        """Replace what is known of a user; give him as he was and as he is."""
        member, row, before = await self._held(giver, user_id, version)
        address_of(profile)
        await self._refuse_taken(profile, member)
        return before, await self._keep(giver, member, row, profile, active=active)

    async def end(self, giver: Caller, user_id: str, version: str | None) -> ProvisionedUser:
        """Deactivate a user, and forget what the provider told; give him as he was."""
        member, _, before = await self._held(giver, user_id, version)
        await self._groups.leave_all(giver, user_id)
        revision = Revision(member.name, member.role, active=False, kept="ended", mailed=False)
        await self._roster.revise(giver, user_id, revision)
        await self._store.forget_user(user_id)
        return before

    async def _keep(
        self, giver: Caller, member: Enrolled, row: UserRow | None, profile: Profile, *, active: bool
    ) -> ProvisionedUser:
        """Let provisioning keep a member from now on.

        A role that provisioning does not give stays; who comes back to be active has no more than it gives.
        """
        rules, default = await self._settings.of()
        mailed = active and not await self._approvals.approved(member.email)
        groups = await self._groups.named()
        role, back = member.role, active and not member.active
        if back or role in reach(rules, default):
            role = await self._permitted(giver, role_of(rules, default, said(profile), member.groups))
        await self._write(row, member.user_id, profile)
        revision = Revision(called(profile), role, active, "kept", mailed)
        changed = await self._roster.revise(giver, member.user_id, revision)
        return self._shown(changed, profile, groups, self._clock.now_ms())

    async def _write(self, row: UserRow | None, user_id: str, profile: Profile) -> None:
        made = self._profiles.row(user_id, profile, self._clock.now_ms())
        try:
            if row is None:
                await self._store.add_user(made)
            else:
                await self._store.change_user(made)
        except UniqueViolated:
            raise UserNameTaken("Find the other one by the user name.") from None

    async def _refuse_taken(self, profile: Profile, member: Enrolled | None) -> None:
        """Refuse a user name that another user has; one that is not provisioned has his e-mail address."""
        others = await self._sought(Sought(profile.user_name, None))
        if any(member is None or each.user_id != member.user_id for each in others):
            raise UserNameTaken("Find the other one by the user name.")

    async def _permitted(self, giver: Caller, role: str) -> str:
        if await self._standing.permitted(giver.tenant_id, role) is None:
            raise RoleUnknown(f"There is no role {role} any more; say with PUT /provisioning which to give.")
        return role

    async def _sought(self, sought: Sought) -> Sequence[Enrolled]:
        """Find the users who have all that is sought, by blind indexes alone."""
        found: dict[str, Enrolled] | None = None
        for column, text in ((NAME, sought.user_name), (EXTERNAL, sought.external_id)):
            if text is not None:
                found = _both(found, await self._indexed(column, text))
        return list((found or {}).values())

    async def _indexed(self, column: str, text: str) -> dict[str, Enrolled]:
        rows = await self._store.named(column, self._profiles.index(column, text))
        found = [await self._roster.find(row.user_id) for row in rows]
        seen = {each.user_id: each for each in found if each is not None and not ended(each)}
        if column == NAME and not seen:
            unkept = await self._addressed(text)
            known = await self._store.users(list(unkept))
            seen = {user_id: each for user_id, each in unkept.items() if user_id not in known}
        return seen

    async def _addressed(self, email: str) -> dict[str, Enrolled]:
        member = await self._roster.find_email(email)
        return {} if member is None or ended(member) else {member.user_id: member}

    async def _find(self, user_id: str) -> Enrolled:
        member = await self._roster.find(user_id)
        if member is None or ended(member):
            raise UserMissing("List the users to see their ids.")
        return member

    async def _held(
        self, giver: Caller, user_id: str, version: str | None
    ) -> tuple[Enrolled, UserRow | None, ProvisionedUser]:
        """Hold a user until this operation ends; raises UserMissing and VersionStale."""
        await self._roster.hold([user_id])
        member = await self._find(user_id)
        row = await self._store.user(user_id)
        before = self._told(member, row, await self._groups.named())
        if version is not None and version != before.version:
            raise VersionStale("Read the user again before you change it.")
        return member, row, before

    def _told(self, member: Enrolled, row: UserRow | None, groups: Mapping[str, GroupRow]) -> ProvisionedUser:
        if row is None:
            mine = Address(value=member.email, type="work", primary=True)
            profile = Profile(user_name=member.email, display_name=member.name, emails=[mine])
            return self._shown(member, profile, groups, member.changed_ms)
        return self._shown(member, self._profiles.open(row), groups, max(row.changed_ms, member.changed_ms))

    def _shown(
        self, member: Enrolled, profile: Profile, groups: Mapping[str, GroupRow], changed_ms: int
    ) -> ProvisionedUser:
        inside = [
            GroupOfUser(group_id=groups[name].group_id, display_name=groups[name].display_name)
            for name in sorted(member.groups)
            if name in groups
        ]
        seen = [profile.model_dump(), member.active, [each.model_dump() for each in inside], member.role]
        return ProvisionedUser(
            user_id=member.user_id,
            profile=profile,
            active=member.active,
            role=member.role,
            groups=inside,
            provisioned=member.kept == "kept",
            created_ms=member.created_ms,
            changed_ms=changed_ms,
            version=version_of(seen),
        )


def ended(member: Enrolled) -> bool:
    """Say whether provisioning has taken its hand off somebody, and nobody has taken him up again."""
    return member.kept == "ended" and not member.active


def address_of(profile: Profile) -> str:
    """Give the address by which somebody becomes a member: the primary one, that of work, or the first.

    A user name that is an address stands in where there is none. Raises AddressNeeded.
    """
    first = sorted(profile.emails, key=lambda each: (not each.primary, each.type != "work"))
    if first:
        return first[0].value
    try:
        return _EMAIL.validate_python(profile.user_name)
    except ValidationError:
        raise AddressNeeded("Send `emails`, or a user name that is an e-mail address.") from None


def called(profile: Profile) -> str:
    """Give what the tenant calls somebody."""
    name = profile.name
    parts = [] if name is None else [name.given_name, name.family_name]
    whole = " ".join(part for part in parts if part)
    formatted = None if name is None else name.formatted
    return (profile.display_name or formatted or whole or profile.user_name)[:_NAME_LENGTH_MAX]


def _both(found: dict[str, Enrolled] | None, more: dict[str, Enrolled]) -> dict[str, Enrolled]:
    return more if found is None else {name: each for name, each in found.items() if name in more}
