"""What bots remember of persons, and whether they may, in rows; sealed for each person."""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mainstay.ports.ciphers import Cipher, KeyDestroyed
from mainstay.ports.database import Condition, Row, Rows, Scalar
from mainstay.services.assistant import tables
from mainstay.services.assistant.conversation_store import opened, sealed
from mainstay.services.assistant.end_users import Whose

_FACT = "SELECT fact_id, bot_id, subject, content, created_ms, expires_ms, end_user FROM assistant_facts"
_CHOICE = "SELECT bot_id, subject, choice, content, chosen_ms, end_user FROM assistant_memories"
_PERSON = "bot_id = :bot_id AND subject = :subject AND end_user = :end_user"
ASKED, YES, NO = "asked", "yes", "no"


@dataclass(frozen=True)
class FactRow:
    """A fact as it is stored; `content` has its text, slot, entity, value, source and turn.

    `end_user` is the mark of whom of a key's people it is about, if the key names them.
    """

    fact_id: str
    bot_id: str
    subject: str
    content: dict[str, Any]
    created_ms: int
    expires_ms: int
    end_user: str = ""

    @property
    def whose(self) -> Whose:
        """Give whom it is about."""
        return Whose(self.subject, self.end_user)


@dataclass(frozen=True)
class ChoiceRow:
    """What somebody chose: `yes`, `no`, or nothing yet (`asked`); `content` has by which words and turn."""

    bot_id: str
    subject: str
    choice: str
    content: dict[str, Any]
    chosen_ms: int
    end_user: str = ""


class MemoryStore:
    """Reads and writes what is remembered."""

    def __init__(self, rows: Rows, cipher: Cipher) -> None:
        """Take the caller's rows, and the cipher of texts."""
        self._rows = rows
        self._cipher = cipher

    def whose(self, bot_id: str, subject: str, name: str | None) -> Whose:
        """Give the person whom a key names, by a mark: the name is the key's, and is stored nowhere.

        Without a name it is whoever comes with the key.
        """
        if not name:
            return Whose(subject)
        context = ("assistant_end_users", bot_id, subject)
        return Whose(subject, self._cipher.blind(name.encode("utf-8", "surrogatepass"), context).hex())

    async def choice(self, bot_id: str, whose: Whose) -> ChoiceRow | None:
        """Find what somebody chose; nothing is known of who is being erased."""
        rows = await self._rows.fetch(f"{_CHOICE} WHERE {_PERSON}", {"bot_id": bot_id, **vars(whose)})
        return next(iter(self._choices(rows)), None)

    async def choose(self, row: ChoiceRow) -> None:
        """Store what somebody chose; raises KeyDestroyed."""
        place = tables.memory_place(row.bot_id, row.subject, row.end_user)
        content = sealed(self._cipher, row.content, place, row.subject)
        await self._rows.upsert("assistant_memories", [{**vars(row), "content": content}])

    async def refuse(self, bot_id: str, subject: str, now_ms: int) -> None:
        """Make a no of what was chosen by anybody who comes as somebody, and of what they were asked."""
        where: Condition = {"bot_id": bot_id, "subject": subject}
        await self._rows.update("assistant_memories", {"choice": NO, "chosen_ms": now_ms}, where)

    async def hold(self, bot_id: str, whose: Whose) -> bool:
        """Open the unit of work on somebody's yes, which nobody takes back meanwhile; say if it is there."""
        where: Condition = {"bot_id": bot_id, **vars(whose), "choice": YES}
        return bool(await self._rows.update("assistant_memories", {"choice": YES}, where))

    async def facts(self, bot_id: str, whose: Whose, now_ms: int) -> list[FactRow]:
        """List what a bot remembers of somebody, oldest first."""
        rows = await self._rows.fetch(
            f"{_FACT} WHERE {_PERSON} AND expires_ms > :now ORDER BY fact_id",
            {"bot_id": bot_id, **vars(whose), "now": now_ms},
        )
        return self._facts(rows)

    async def all_facts(self, bot_id: str, subject: str, now_ms: int, limit: int) -> list[FactRow]:
        """List what a bot remembers of all who come as somebody, oldest first."""
        rows = await self._rows.fetch(
            f"{_FACT} WHERE bot_id = :bot_id AND subject = :subject AND expires_ms > :now"
            " ORDER BY fact_id LIMIT :limit",
            {"bot_id": bot_id, "subject": subject, "now": now_ms, "limit": limit},
        )
        return self._facts(rows)

    async def fact(self, fact_id: str, now_ms: int) -> FactRow | None:
        """Find a fact whose time is not over."""
        rows = await self._rows.fetch(
            f"{_FACT} WHERE fact_id = :fact_id AND expires_ms > :now", {"fact_id": fact_id, "now": now_ms}
        )
        return next(iter(self._facts(rows)), None)

    async def choices_of(self, subject: str, after: ChoiceRow | None, limit: int) -> list[ChoiceRow]:
        """List what was chosen by all who come as somebody, of all bots, following a choice."""
        bot_id, end_user = (after.bot_id, after.end_user) if after else ("", "")
        rows = await self._rows.fetch(
            f"{_CHOICE} WHERE subject = :subject"
            " AND (bot_id > :bot_id OR (bot_id = :bot_id AND end_user > :end_user))"
            " ORDER BY bot_id, end_user LIMIT :limit",
            {"subject": subject, "bot_id": bot_id, "end_user": end_user, "limit": limit},
        )
        return self._choices(rows)

    async def facts_of(self, subject: str, after: str, limit: int) -> list[FactRow]:
        """List what all bots remember of somebody, oldest first, following a fact."""
        rows = await self._rows.fetch(
            f"{_FACT} WHERE subject = :subject AND fact_id > :after ORDER BY fact_id LIMIT :limit",
            {"subject": subject, "after": after, "limit": limit},
        )
        return self._facts(rows)

    async def count_of(self, subject: str) -> int:
        """Count the facts that are remembered of somebody."""
        [row] = await self._rows.fetch(
            "SELECT count(*) AS many FROM assistant_facts WHERE subject = :subject", {"subject": subject}
        )
        return int(row["many"] or 0)

    async def add(self, rows: Sequence[FactRow]) -> None:
        """Store facts; raises KeyDestroyed."""
        await self._rows.insert("assistant_facts", [self._values(row) for row in rows])

    async def change(self, row: FactRow) -> None:
        """Store a fact anew; raises KeyDestroyed."""
        await self._rows.update("assistant_facts", self._values(row), {"fact_id": row.fact_id})

    async def remove(self, where: Condition) -> int:
        """Erase facts; give their number."""
        return await self._rows.delete("assistant_facts", where)

    async def expire(self, fact_id: str, now_ms: int) -> None:
        """Erase a fact whose time is over; one whose time has begun anew stays."""
        rows = await self._rows.fetch(
            "SELECT fact_id FROM assistant_facts WHERE fact_id = :id AND expires_ms <= :now",
            {"id": fact_id, "now": now_ms},
        )
        if rows:
            await self.remove({"fact_id": fact_id})

    async def remove_of(self, where: Condition) -> int:
        """Erase facts and choices of a bot, or of somebody; give the number of the facts."""
        await self._rows.delete("assistant_memories", where)
        return await self.remove(where)

    def _choices(self, rows: Sequence[Row]) -> list[ChoiceRow]:
        found = []
        for row in rows:
            with contextlib.suppress(KeyDestroyed):
                bot_id, subject = str(row["bot_id"]), str(row["subject"])
                choice, end_user = str(row["choice"]), str(row["end_user"])
                place = tables.memory_place(bot_id, subject, end_user)
                content = opened(self._cipher, row["content"], place)
                chosen = int(row["chosen_ms"] or 0)
                found.append(ChoiceRow(bot_id, subject, choice, content, chosen, end_user))
        return found

    def _facts(self, rows: Sequence[Row]) -> list[FactRow]:
        found = []
        for row in rows:
            with contextlib.suppress(KeyDestroyed):
                fact_id = str(row["fact_id"])
                found.append(
                    FactRow(
                        fact_id,
                        str(row["bot_id"]),
                        str(row["subject"]),
                        opened(self._cipher, row["content"], tables.fact_place(fact_id)),
                        int(row["created_ms"] or 0),
                        int(row["expires_ms"] or 0),
                        str(row["end_user"]),
                    )
                )
        return found

    def _values(self, row: FactRow) -> Mapping[str, Scalar]:
        content = sealed(self._cipher, row.content, tables.fact_place(row.fact_id), row.subject)
        return {**vars(row), "content": content}


def renewed(row: FactRow, content: Mapping[str, Any], now_ms: int, expires_ms: int) -> FactRow:
    """Give a fact with other words, whose time begins anew."""
    return replace(row, content={**row.content, **content}, created_ms=now_ms, expires_ms=expires_ms)
