"""Second factors of people, in rows: the secrets of apps, sealed, and recovery codes, hashed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from mainstay.ports.database import AllRows

_ANY = (
    "SELECT 1 AS one FROM authenticator_apps WHERE person_id = :person AND confirmed_ms IS NOT NULL"
    " UNION ALL SELECT 1 AS one FROM passkeys WHERE person_id = :person LIMIT 1"
)


@dataclass(frozen=True)
class AppRow:
    """A person's authenticator app; until it is confirmed it asks for nothing."""

    person_id: str
    secret: bytes
    created_ms: int
    confirmed_ms: int | None = None
    last_step: int = 0


class FactorStore:
    """Reads and writes second factors."""

    def __init__(self, rows: AllRows) -> None:
        """Take the rows of all tenants: a factor is the person's, whichever tenants she is a member of."""
        self._rows = rows

    async def app(self, person_id: str) -> AppRow | None:
        """Find a person's authenticator app."""
        rows = await self._rows.fetch(
            "SELECT person_id, secret, created_ms, confirmed_ms, last_step FROM authenticator_apps"
            " WHERE person_id = :person",
            {"person": person_id},
        )
        if not rows:
            return None
        row = rows[0]
        confirmed = row["confirmed_ms"]
        return AppRow(
            person_id=str(row["person_id"]),
            secret=cast("bytes", row["secret"]),
            created_ms=int(row["created_ms"] or 0),
            confirmed_ms=None if confirmed is None else int(confirmed),
            last_step=int(row["last_step"] or 0),
        )

    async def begin(self, app: AppRow) -> None:
        """Store an app in place of an unconfirmed one; raises UniqueViolated beside a confirmed one."""
        await self._rows.delete("authenticator_apps", {"person_id": app.person_id, "confirmed_ms": None})
        await self._rows.insert(
            "authenticator_apps",
            [
                {
                    "person_id": app.person_id,
                    "secret": app.secret,
                    "created_ms": app.created_ms,
                    "confirmed_ms": app.confirmed_ms,
                    "last_step": app.last_step,
                }
            ],
        )

    async def confirm(self, app: AppRow, step: int, now_ms: int) -> bool:
        """Turn an app on; say whether it still was the one that was read, and unconfirmed."""
        return (
            await self._rows.update(
                "authenticator_apps",
                {"confirmed_ms": now_ms, "last_step": step},
                {"person_id": app.person_id, "created_ms": app.created_ms, "confirmed_ms": None},
            )
            > 0
        )

    async def use_step(self, person_id: str, step: int) -> bool:
        """Use a step up with all before it; say whether nobody else did before."""
        where = {"person_id": person_id, "last_step": ("<", step)}
        return await self._rows.update("authenticator_apps", {"last_step": step}, where) > 0

    async def recovery_codes(self, person_id: str) -> Sequence[str]:
        """List the hashes of a person's recovery codes that are left."""
        rows = await self._rows.fetch(
            "SELECT hash FROM recovery_codes WHERE person_id = :person", {"person": person_id}
        )
        return [str(row["hash"]) for row in rows]

    async def use_recovery_code(self, person_id: str, hashed: str) -> bool:
        """Use a recovery code up; say whether nobody else did before."""
        return await self._rows.delete("recovery_codes", {"person_id": person_id, "hash": hashed}) > 0

    async def replace_recovery_codes(self, person_id: str, hashes: Sequence[str]) -> None:
        """Store recovery codes in place of those before."""
        await self._rows.delete("recovery_codes", {"person_id": person_id})
        await self._rows.insert("recovery_codes", [{"person_id": person_id, "hash": each} for each in hashes])

    async def any(self, person_id: str) -> bool:
        """Say whether a person has a second factor."""
        return bool(await self._rows.fetch(_ANY, {"person": person_id}))

    async def remove_app(self, person_id: str) -> None:
        """Forget a person's app, and her recovery codes with the last factor."""
        await self._rows.delete("authenticator_apps", {"person_id": person_id})
        await self._forget_recovery_codes(person_id)

    async def remove_passkey(self, person_id: str, passkey_id: str) -> bool:
        """Forget a passkey, with the last factor the recovery codes too; say whether it was there."""
        gone = await self._rows.delete("passkeys", {"person_id": person_id, "passkey_id": passkey_id})
        await self._forget_recovery_codes(person_id)
        return gone > 0

    async def remove(self, person_id: str) -> bool:
        """Forget all of a person's factors; say whether there were any."""
        gone = 0
        for table in ("authenticator_apps", "passkeys"):
            gone += await self._rows.delete(table, {"person_id": person_id})
        await self._rows.delete("recovery_codes", {"person_id": person_id})
        return gone > 0

    async def _forget_recovery_codes(self, person_id: str) -> None:
        if not await self.any(person_id):
            await self._rows.delete("recovery_codes", {"person_id": person_id})
