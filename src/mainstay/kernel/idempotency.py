"""The same request twice has one effect: answers are kept under the caller's key with the write itself."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from mainstay.kernel.caller import Caller
from mainstay.kernel.interface import Operation, Upload
from mainstay.kernel.tables import answer_place
from mainstay.kernel.work import Work
from mainstay.kit.clock import Clock
from mainstay.kit.errors import Conflict, Invalid
from mainstay.ports.ciphers import Cipher
from mainstay.ports.database import SYSTEM, Comparison, Database, Row, Scalar, UniqueViolated

KEY_LENGTH_MAX = 200
KEEP_MS = 24 * 3600 * 1000
_KEPT = (
    "SELECT request_hash, answer FROM idempotency"
    " WHERE tenant_id = :tenant AND subject = :subject AND key = :key AND created_ms > :since"
)


class IdempotencyKeyReused(Invalid):
    """The key was used before with another request."""

    title = "This Idempotency-Key was used with another request"


class IdempotencyKeyInvalid(Invalid):
    """The key is empty or too long."""

    title = "The Idempotency-Key is not valid"


class KeyTaken(Conflict):
    """Another request with the same key is being answered right now."""

    title = "A request with this Idempotency-Key is being answered now"


@dataclass(frozen=True)
class Ticket:
    """A request that may be repeated; without a key there is nothing to remember."""

    operation: Operation
    caller: Caller
    key: str | None
    request_hash: str = ""

    @property
    def context(self) -> tuple[str, ...]:
        """Give what a kept answer is bound to."""
        table, *place = answer_place(self.caller.subject, self.key or "")
        return (table, self.caller.tenant_id, *place)


@dataclass(frozen=True)
class Replay:
    """An answer that was given before."""

    value: Any
    pending: bool


def _hash(operation: Operation, model: BaseModel, caller: Caller) -> str:
    """Give what tells requests apart: what is asked for, and what whoever asks may do.

    A token speaks for somebody with a part of his rights: it must not be given an answer of the rest of them.
    """
    rights = sorted(caller.permissions), sorted(caller.groups)
    digest = hashlib.sha256(json.dumps([operation.full_name, *rights]).encode())
    for name in sorted(type(model).model_fields):
        value = getattr(model, name)
        digest.update(f"\0{name}\0".encode())
        if isinstance(value, Upload):
            digest.update(value.name.encode())
            digest.update(hashlib.sha256(value.content).digest())
        else:
            digest.update(model.__pydantic_serializer__.to_json(model, include={name}))
    return digest.hexdigest()


def streamed(operation: Operation, values: Mapping[str, Any], key: str | None) -> Mapping[str, Any]:
    """Give a stream's values, its caller's idempotency key among them where it has a key of its own.

    No answer of a stream is kept: what was stored by the key is told again. One that is named holds.
    """
    name = operation.own_key
    if key is None or name is None or values.get(name) is not None:
        return values
    _check(key)
    return {**values, name: hashlib.sha256(key.encode()).hexdigest()}


def _check(key: str) -> None:
    if not 0 < len(key) <= KEY_LENGTH_MAX or not key.isprintable():
        raise IdempotencyKeyInvalid(f"An Idempotency-Key has 1 to {KEY_LENGTH_MAX} printable characters.")


class Idempotency:
    """Keeps answers for a day, sealed, in the transaction of the write they belong to."""

    def __init__(self, database: Database, cipher: Cipher, clock: Clock) -> None:
        """Take where answers are kept."""
        self._database = database
        self._cipher = cipher
        self._clock = clock

    def ticket(self, operation: Operation, model: BaseModel, caller: Caller, key: str | None) -> Ticket:
        """Make the ticket of a request."""
        if key is None:
            return Ticket(operation, caller, None)
        _check(key)
        return Ticket(operation, caller, key, _hash(operation, model, caller))

    async def find(self, ticket: Ticket) -> Replay | None:
        """Give the answer that this request was given before; raises IdempotencyKeyReused."""
        if ticket.key is None:
            return None
        return self._replay(ticket, await self._database.fetch(SYSTEM, _KEPT, self._where(ticket)))

    async def find_twin(self, ticket: Ticket) -> Replay | None:
        """Give the answer of the same request that came at the same moment, once it is durable.

        For a request that failed, perhaps only because it met what its twin did. What is being committed
        together with others is seen in a unit alone, and leaving the unit waits for the disk.
        """
        if ticket.key is None:
            return None
        async with self._database.unit(SYSTEM) as unit:
            rows = await unit.fetch(_KEPT, self._where(ticket))
        return self._replay(ticket, rows)

    def _where(self, ticket: Ticket) -> dict[str, Scalar]:
        return {
            "tenant": ticket.caller.tenant_id,
            "subject": ticket.caller.subject,
            "key": ticket.key,
            "since": self._clock.now_ms() - KEEP_MS,
        }

    def _replay(self, ticket: Ticket, rows: Sequence[Row]) -> Replay | None:
        if not rows:
            return None
        if rows[0]["request_hash"] != ticket.request_hash:
            raise IdempotencyKeyReused("Use a new key for a new request; a key may be reused after a day.")
        sealed = rows[0]["answer"]
        if not isinstance(sealed, bytes):
            raise TypeError("A kept answer is bytes")
        kept = json.loads(self._cipher.open(sealed, ticket.context))
        return Replay(ticket.operation.adapter.validate_python(kept["value"]), kept["pending"])

    async def keep(self, ticket: Ticket, value: Any, work: Work) -> None:
        """Write the answer in the operation's own transaction; raises KeyTaken."""
        if ticket.key is None:
            return
        pending = ticket.operation.is_pending(value)
        kept = {"value": ticket.operation.adapter.dump_python(value, mode="json"), "pending": pending}
        now = self._clock.now_ms()
        row: dict[str, Scalar] = {
            "subject": ticket.caller.subject,
            "key": ticket.key,
            "request_hash": ticket.request_hash,
            "answer": self._cipher.seal(json.dumps(kept).encode(), ticket.context),
            "created_ms": now,
        }
        unit = await work.open()
        expired: dict[str, Scalar | Comparison] = {
            "subject": ticket.caller.subject,
            "key": ticket.key,
            "created_ms": ("<=", now - KEEP_MS),
        }
        await unit.delete("idempotency", expired)
        try:
            await unit.insert("idempotency", [row])
        except UniqueViolated:
            raise KeyTaken("Wait for the first request's answer, then repeat this one.") from None
