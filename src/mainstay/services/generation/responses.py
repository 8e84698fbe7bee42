"""Responses that somebody keeps to go on from them later."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any, cast

from mainstay.kernel.room import Room
from mainstay.kernel.work import caller, note_target
from mainstay.kit.clock import Clock
from mainstay.kit.ids import Ids
from mainstay.ports.ciphers import Cipher
from mainstay.ports.database import Row, Scalar, UniqueViolated
from mainstay.services.generation.failures import ResponseMissing, ResponseTaken, ResponseTooLarge
from mainstay.services.generation.records import KeptResponse
from mainstay.services.generation.store import GenerationStore
from mainstay.services.generation.tables import response_place

RESPONSE_BYTES_MAX = 16 * 1024 * 1024
_BETWEEN = '], "output": ['
_MISSING = "It was deleted or removed by its age, or another key or person keeps it: send all messages anew."


class Responses:
    """Keeps the caller's responses."""

    def __init__(self, store: GenerationStore, cipher: Cipher, room: Room, clock: Clock, ids: Ids) -> None:
        """Take the parts."""
        self._store = store
        self._cipher = cipher
        self._room = room
        self._clock = clock
        self._ids = ids

    async def keep(
        self,
        given: Sequence[Mapping[str, Any]],
        made: Sequence[Mapping[str, Any]],
        facts: Mapping[str, Any],
        previous_id: str,
        response_id: str,
    ) -> KeptResponse:
        """Keep one.

        Raises ResponseMissing for one before it that is not there, ResponseTaken, …TooLarge, and QuotaFull.
        """
        who = caller()
        if previous_id and not await self._store.keeps(previous_id, who.subject):
            raise ResponseMissing(_MISSING)
        response = KeptResponse(
            response_id=response_id or self._ids.new("resp"),
            previous_id=previous_id,
            created_ms=self._clock.now_ms(),
            input=[dict(item) for item in given],
            output=[dict(item) for item in made],
            facts=dict(facts),
        )
        content = await asyncio.to_thread(_written, response)
        if len(content) > RESPONSE_BYTES_MAX:
            raise ResponseTooLarge(
                f"At most {RESPONSE_BYTES_MAX} bytes are kept; send `store` as false, or begin anew."
            )
        await self._room.take(0, len(content))
        note_target(response.response_id)
        place = response_place(response.response_id)
        sealed = await asyncio.to_thread(self._cipher.seal, content, place, owner=who.subject)
        row: dict[str, Scalar] = {
            "response_id": response.response_id,
            "previous_id": previous_id,
            "subject": who.subject,
            "created_ms": response.created_ms,
            "told": sealed,
        }
        try:
            await self._store.keep(row)
        except UniqueViolated:
            raise ResponseTaken("Leave the id out, and one is made.") from None
        return response

    async def find(self, response_id: str) -> KeptResponse:
        """Give one of the caller's; raises ResponseMissing."""
        note_target(response_id)
        row = await self._store.response(response_id, caller().subject)
        if row is None:
            raise ResponseMissing(_MISSING)
        return await asyncio.to_thread(self.opened, row)

    async def remove(self, response_id: str) -> None:
        """Delete one of the caller's; raises ResponseMissing."""
        note_target(response_id)
        if not await self._store.remove(response_id, caller().subject):
            raise ResponseMissing(_MISSING)

    async def size(self) -> int:
        """Give how many bytes the tenant's responses have."""
        return await self._store.kept_bytes()

    def opened(self, row: Row) -> KeptResponse:
        """Open a response; a large one takes its time: call it in a thread."""
        response_id, sealed = str(row["response_id"]), row["told"]
        if not isinstance(sealed, bytes):
            raise ResponseMissing(_MISSING)
        return KeptResponse(
            response_id=response_id,
            previous_id=str(row["previous_id"]),
            created_ms=int(row["created_ms"] or 0),
            **_read(self._cipher.open(sealed, response_place(response_id))),
        )


def _written(response: KeptResponse) -> bytes:
    """Write a document, an item on each line: JSON lets other threads in after a line, not within it."""
    given, made = (
        ",\n".join([json.dumps(item) for item in items]) for items in (response.input, response.output)
    )
    head = f'{{"facts": {json.dumps(response.facts)}, "input": ['
    return f"{head}\n{given}\n{_BETWEEN}\n{made}\n]}}".encode()


def _read(content: bytes) -> dict[str, Any]:
    """Read a document line by line; those from before have one line."""
    head, *lines = content.split(b"\n")
    if not lines:
        return cast("dict[str, Any]", json.loads(head))
    between = lines.index(_BETWEEN.encode())
    given, made = (
        [json.loads(line.removesuffix(b",")) for line in some if line]
        for some in (lines[:between], lines[between + 1 : -1])
    )
    return {**json.loads(head + b"]}"), "input": given, "output": made}
