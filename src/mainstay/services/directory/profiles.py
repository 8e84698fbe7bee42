"""The one room where what an identity provider tells of somebody is sealed, opened and found."""

import unicodedata
from collections.abc import Collection, Mapping, Sequence

from mainstay.ports.ciphers import Cipher
from mainstay.services.directory.records import Profile
from mainstay.services.directory.store import DirectoryStore, UserRow
from mainstay.services.directory.tables import profile_place

_PURPOSE = "provisioned_users"
NAME, EXTERNAL = "name_index", "external_index"


class SealedProfiles:
    """Profiles of users, each sealed with the user's own key, so that erasing her reaches backups."""

    def __init__(self, store: DirectoryStore, cipher: Cipher) -> None:
        """Take where they are, and the cipher, which binds them to the caller's tenant."""
        self._store = store
        self._cipher = cipher

    def row(self, user_id: str, profile: Profile, now_ms: int) -> UserRow:
        """Give the row of a profile."""
        content = profile.model_dump_json(exclude_none=True, exclude_defaults=True).encode()
        return UserRow(
            user_id=user_id,
            name_index=self.index(NAME, profile.user_name),
            external_index=self.index(EXTERNAL, profile.external_id or ""),
            profile=self._cipher.seal(content, profile_place(user_id), owner=user_id),
            changed_ms=now_ms,
        )

    def open(self, row: UserRow) -> Profile:
        """Open a profile; raises CipherUnavailable."""
        return Profile.model_validate_json(self._cipher.open(row.profile, profile_place(row.user_id)))

    def index(self, column: str, text: str) -> str:
        """Give by what a user name is found, whose capitals do not matter, or what the provider calls him."""
        if not text:
            return ""
        one_form = unicodedata.normalize("NFC", text)
        if column == NAME:
            one_form = unicodedata.normalize("NFC", one_form.lower())
        return self._cipher.blind(one_form.encode(), (_PURPOSE, column)).hex()

    async def roles_said(self, user_ids: Collection[str]) -> Mapping[str, Sequence[str]]:
        """Give the roles that the provider says of some users."""
        rows = await self._store.users(user_ids)
        return {user_id: said(self.open(row)) for user_id, row in rows.items()}


def said(profile: Profile) -> Sequence[str]:
    """Give the roles that the provider says of a user."""
    return [role.value for role in profile.roles]
