"""Conversations and their turns, in rows; what was said is sealed for whoever talks."""

import asyncio
import contextlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from mainstay.ports.ciphers import Cipher, KeyDestroyed
from mainstay.ports.database import Condition, Row, Rows, Scalar
from mainstay.services.assistant import tables
from mainstay.services.assistant.wording import tidy

Opened = TypeVar("Opened")

_FEW = 20
_CONVERSATION = (
    "SELECT conversation_id, bot_id, subject, state, agent, turns, content, created_ms, changed_ms,"
    " end_user FROM assistant_conversations"
)
_TURN = (
    "SELECT turn_id, conversation_id, bot_id, number, subject, author, fallback, content, created_ms,"
    " turn_key FROM assistant_turns"
)


def sealed(cipher: Cipher, content: dict[str, Any], place: tuple[str, ...], owner: str = "") -> bytes:
    """Seal what is written down as JSON; raises KeyDestroyed for an owner who was erased."""
    return cipher.seal(json.dumps(content).encode(), place, owner=owner)


def opened(cipher: Cipher, value: Scalar, place: tuple[str, ...]) -> dict[str, Any]:
    """Open what was sealed; raises KeyDestroyed."""
    if not isinstance(value, bytes):
        raise TypeError("This column holds bytes")
    found: dict[str, Any] = json.loads(cipher.open(value, place))
    return found


def topic_of(conversation_id: str) -> str:
    """Give the topic that tells of a conversation's changes."""
    return f"conversation/{conversation_id}"


def desk_topic(tenant_id: str) -> str:
    """Give the topic that tells of changes of what waits for a tenant's people, or is answered by them."""
    return f"desk/{tenant_id}"


@dataclass(frozen=True)
class ConversationRow:
    """A conversation as it is stored; `content` has its standing, what was said last, and its transcript.

    `end_user` is the mark of who of a key's people talks, if the key names them.
    """

    conversation_id: str
    bot_id: str
    subject: str
    state: str
    agent: str
    turns: int
    content: dict[str, Any]
    created_ms: int
    changed_ms: int
    end_user: str = ""


@dataclass(frozen=True)
class TurnRow:
    """A turn as it is stored: of `subject`'s conversation; the `author` is he, or a person of the team.

    `transcript` is the digest of all that was said up to it, empty as long as it is unanswered; `turn_key` is
    what he calls the turn himself, if he does.
    """

    turn_id: str
    conversation_id: str
    bot_id: str
    number: int
    subject: str
    author: str
    fallback: str
    content: dict[str, Any]
    created_ms: int
    transcript: str = ""
    turn_key: str | None = None


@dataclass(frozen=True)
class Page(Generic[Opened]):
    """What could be opened of a page of rows; what follows `after` is the next page, None: there is none.

    What is sealed for somebody who is being erased cannot: a page may have fewer than were asked for.
    """

    rows: list[Opened]
    after: str | None


def page_of(opened_rows: list[Opened], rows: Sequence[Row], key: str, limit: int) -> Page[Opened]:
    """Make a page of the rows that were read, which say whether there are more."""
    return Page(opened_rows, str(rows[-1][key]) if len(rows) == limit else None)


@dataclass(frozen=True)
class Wanted:
    """Which conversations are listed; what is None makes no difference."""

    bot_id: str | None = None
    state: str | None = None
    subject: str | None = None


class ConversationStore:
    """Reads and writes conversations."""

    def __init__(self, rows: Rows, cipher: Cipher) -> None:
        """Take the caller's rows, and the cipher of texts."""
        self._rows = rows
        self._cipher = cipher

    async def conversation(self, conversation_id: str) -> ConversationRow | None:
        """Find a conversation; one whose talker is being erased is as good as gone."""
        rows = await self._rows.fetch(f"{_CONVERSATION} WHERE conversation_id = :id", {"id": conversation_id})
        return next(iter(self._conversations(rows)), None)

    async def having(self, bot_id: str, subject: str, transcript: str, limit: int) -> list[str]:
        """Give ids of somebody's conversations in which exactly this was said at some time, newest first."""
        rows = await self._rows.fetch(
            "SELECT conversation_id FROM assistant_turns"
            " WHERE bot_id = :bot_id AND subject = :subject AND transcript = :transcript"
            " ORDER BY conversation_id DESC LIMIT :limit",
            {
                "bot_id": bot_id,
                "subject": subject,
                "transcript": self._blind(bot_id, transcript),
                "limit": limit,
            },
        )
        return [str(row["conversation_id"]) for row in rows]

    async def mark(self, conversation_id: str) -> tuple[Scalar, ...] | None:
        """Give what is another one after each change of a conversation; None: there is none.

        What is sealed has other bytes each time that it is written, the same words or not.
        """
        rows = await self._rows.fetch(
            "SELECT state, agent, turns, content FROM assistant_conversations WHERE conversation_id = :id",
            {"id": conversation_id},
        )
        return next((tuple(row.values()) for row in rows), None)

    async def at_desk(self, bot_id: str | None, limit: int) -> dict[str, tuple[Scalar, ...]]:
        """Give what waits for a person or is answered by one, oldest first, each with what tells a change."""
        one_bot = " AND bot_id = :bot_id" if bot_id is not None else ""
        values: dict[str, Scalar] = {"limit": limit, **({"bot_id": bot_id} if bot_id is not None else {})}
        rows = await self._rows.fetch(
            "SELECT conversation_id, state, agent, turns, changed_ms FROM assistant_conversations"
            f" WHERE state IN ('waiting', 'claimed'){one_bot} ORDER BY conversation_id LIMIT :limit",
            values,
        )
        return {str(row["conversation_id"]): tuple(row.values()) for row in rows}

    async def conversations(self, wanted: Wanted, before: str | None, limit: int) -> Page[ConversationRow]:
        """List conversations, newest first, following an id."""
        values: dict[str, Scalar] = {"limit": limit}
        conditions = []
        for name, value in vars(wanted).items():
            if value is not None:
                conditions.append(f"{name} = :{name}")
                values[name] = value
        if before is not None:
            conditions.append("conversation_id < :before")
            values["before"] = before
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        rows = await self._rows.fetch(
            f"{_CONVERSATION}{where} ORDER BY conversation_id DESC LIMIT :limit", values
        )
        found = await asyncio.to_thread(self._conversations, rows)
        return page_of(found, rows, "conversation_id", limit)

    async def count(self, subject: str) -> int:
        """Count somebody's conversations."""
        [row] = await self._rows.fetch(
            "SELECT count(*) AS many FROM assistant_conversations WHERE subject = :subject",
            {"subject": subject},
        )
        return int(row["many"] or 0)

    async def begin(self, row: ConversationRow) -> None:
        """Store a new conversation; raises KeyDestroyed."""
        await self._rows.insert("assistant_conversations", [self._conversation_values(row)])

    async def hold(self, conversation_id: str) -> bool:
        """Open the unit of work on a conversation, which nobody erases meanwhile; say if it is there."""
        held = {"conversation_id": conversation_id}
        return bool(await self._rows.update("assistant_conversations", held, held))

    async def go_on(self, row: ConversationRow, before: ConversationRow) -> bool:
        """Store a conversation anew if it has as many turns as before, and is with the same one still."""
        where: Condition = {
            "conversation_id": before.conversation_id,
            "turns": before.turns,
            "state": before.state,
            "agent": before.agent,
        }
        values = self._conversation_values(row)
        return bool(await self._rows.update("assistant_conversations", values, where))

    async def add_turn(self, row: TurnRow) -> None:
        """Store a turn; raises KeyDestroyed, and UniqueViolated for a key that its talker has used."""
        await self._rows.insert("assistant_turns", [self._turn_values(row)])

    async def complete_turn(self, row: TurnRow) -> bool:
        """Store what was answered to a turn of a conversation that is held; say if nobody had."""
        stored = await self.turn(row.turn_id)
        if stored is None or stored.content.get("answered", True):
            return False
        values = {key: self._turn_values(row)[key] for key in ("fallback", "content", "transcript")}
        return bool(await self._rows.update("assistant_turns", values, {"turn_id": row.turn_id}))

    async def turns(self, conversation_ids: Sequence[str]) -> list[TurnRow]:
        """Give the turns of some conversations, oldest first."""
        found: list[TurnRow] = []
        for conversation_id in conversation_ids:
            rows = await self._rows.fetch(
                f"{_TURN} WHERE conversation_id = :id ORDER BY number", {"id": conversation_id}
            )
            found += await self._opened(rows)
        return found

    async def saying(self, conversation_id: str, words: str) -> tuple[bool, int]:
        """Say whether some words, in small letters, stand in a conversation, and of how many turns it has."""
        rows = await self._rows.fetch(
            f"{_TURN} WHERE conversation_id = :id ORDER BY number", {"id": conversation_id}
        )
        return await asyncio.to_thread(self._say, rows, words), len(rows)

    def _say(self, rows: Sequence[Row], words: str) -> bool:
        return any(
            words in tidy(str(turn.content[name])) for turn in self._turns(rows) for name in ("text", "reply")
        )

    async def part(self, conversation_id: str, after: int, until: int) -> list[TurnRow]:
        """Give the turns of a conversation that follow one, up to another."""
        rows = await self._rows.fetch(
            f"{_TURN} WHERE conversation_id = :id AND number > :after AND number <= :until ORDER BY number",
            {"id": conversation_id, "after": after, "until": until},
        )
        return self._turns(rows)

    async def turns_from(self, conversation_id: str, number: int) -> list[TurnRow]:
        """Give the turns of a conversation from a number on, oldest first."""
        rows = await self._rows.fetch(
            f"{_TURN} WHERE conversation_id = :id AND number >= :number ORDER BY number",
            {"id": conversation_id, "number": number},
        )
        return self._turns(rows)

    async def turn(self, turn_id: str) -> TurnRow | None:
        """Find a turn."""
        rows = await self._rows.fetch(f"{_TURN} WHERE turn_id = :id", {"id": turn_id})
        return next(iter(self._turns(rows)), None)

    async def turn_keyed(self, bot_id: str, subject: str, turn_key: str) -> TurnRow | None:
        """Find the turn that somebody calls so."""
        rows = await self._rows.fetch(
            f"{_TURN} WHERE bot_id = :bot_id AND subject = :subject AND turn_key = :turn_key",
            {"bot_id": bot_id, "subject": subject, "turn_key": turn_key},
        )
        return next(iter(self._turns(rows)), None)

    async def turns_of(self, bot_id: str, subject: str | None, after: str, limit: int) -> Page[TurnRow]:
        """Give a bot's turns, or somebody's with it, in the order of their ids, following one."""
        own, whose = ("", {}) if subject is None else (" AND subject = :subject", {"subject": subject})
        rows = await self._rows.fetch(
            f"{_TURN} WHERE bot_id = :bot_id{own} AND turn_id > :after ORDER BY turn_id LIMIT :limit",
            {"bot_id": bot_id, "after": after, "limit": limit, **whose},
        )
        return page_of(await self._opened(rows), rows, "turn_id", limit)

    async def unanswered(self, bot_id: str, limit: int) -> list[TurnRow]:
        """Give the turns that a bot could not answer, newest first."""
        rows = await self._rows.fetch(
            f"{_TURN} WHERE bot_id = :bot_id AND fallback = 'unanswered' ORDER BY turn_id DESC LIMIT :limit",
            {"bot_id": bot_id, "limit": limit},
        )
        return await self._opened(rows)

    async def settle(self, turn_ids: Sequence[str]) -> None:
        """Note that the bot can answer now what was asked in turns."""
        where: Condition = {"turn_id": list(turn_ids), "fallback": "unanswered"}
        await self._rows.update("assistant_turns", {"fallback": ""}, where)

    async def ids(self, where: Mapping[str, Scalar], limit: int) -> list[str]:
        """Give ids of conversations, of which some columns have these values."""
        conditions = " AND ".join(f"{name} = :{name}" for name in where)
        rows = await self._rows.fetch(
            f"SELECT conversation_id FROM assistant_conversations WHERE {conditions} LIMIT :limit",
            {**where, "limit": limit},
        )
        return [str(row["conversation_id"]) for row in rows]

    async def old(self, before_ms: int, limit: int) -> list[str]:
        """Give ids of conversations in which nothing was said since a moment."""
        rows = await self._rows.fetch(
            "SELECT conversation_id FROM assistant_conversations WHERE changed_ms < :before"
            " ORDER BY conversation_id LIMIT :limit",
            {"before": before_ms, "limit": limit},
        )
        return [str(row["conversation_id"]) for row in rows]

    async def remove(self, conversation_ids: Sequence[str]) -> int:
        """Erase conversations with their turns; give the number of turns."""
        if not conversation_ids:
            return 0
        where = {"conversation_id": list(conversation_ids)}
        await self._rows.delete("assistant_conversations", where)
        await self._rows.delete("assistant_summaries", where)
        return await self._rows.delete("assistant_turns", where)

    async def remove_of(self, bot_id: str) -> int:
        """Erase a bot's conversations; give their number."""
        for table in ("assistant_turns", "assistant_summaries"):
            await self._rows.delete(table, {"bot_id": bot_id})
        return await self._rows.delete("assistant_conversations", {"bot_id": bot_id})

    async def remove_summaries(self, subject: str) -> None:
        """Erase what somebody's conversations came to."""
        await self._rows.delete("assistant_summaries", {"subject": subject})

    async def forget_agent(self, subject: str) -> int:
        """Forget that somebody answered in others' conversations, which wait then; give in how many turns."""
        claimed: Condition = {"agent": subject, "state": "claimed"}
        await self._rows.update("assistant_conversations", {"agent": "", "state": "waiting"}, claimed)
        await self._rows.update("assistant_conversations", {"agent": ""}, {"agent": subject})
        return await self._rows.update("assistant_turns", {"author": ""}, {"author": subject})

    def _conversations(self, rows: Sequence[Row]) -> list[ConversationRow]:
        found = []
        for row in rows:
            with contextlib.suppress(KeyDestroyed):
                place = tables.conversation_place(str(row["conversation_id"]))
                found.append(
                    ConversationRow(
                        conversation_id=str(row["conversation_id"]),
                        bot_id=str(row["bot_id"]),
                        subject=str(row["subject"]),
                        state=str(row["state"]),
                        agent=str(row["agent"]),
                        turns=int(row["turns"] or 0),
                        content=opened(self._cipher, row["content"], place),
                        created_ms=int(row["created_ms"] or 0),
                        changed_ms=int(row["changed_ms"] or 0),
                        end_user=str(row["end_user"]),
                    )
                )
        return found

    async def _opened(self, rows: Sequence[Row]) -> list[TurnRow]:
        """Open turns; many of them in a thread, since each takes its time."""
        return self._turns(rows) if len(rows) <= _FEW else await asyncio.to_thread(self._turns, rows)

    def _turns(self, rows: Sequence[Row]) -> list[TurnRow]:
        found = []
        for row in rows:
            with contextlib.suppress(KeyDestroyed):
                found.append(
                    TurnRow(
                        turn_id=str(row["turn_id"]),
                        conversation_id=str(row["conversation_id"]),
                        bot_id=str(row["bot_id"]),
                        number=int(row["number"] or 0),
                        subject=str(row["subject"]),
                        author=str(row["author"]),
                        fallback=str(row["fallback"]),
                        content=opened(self._cipher, row["content"], tables.turn_place(str(row["turn_id"]))),
                        created_ms=int(row["created_ms"] or 0),
                        turn_key=None if row["turn_key"] is None else str(row["turn_key"]),
                    )
                )
        return found

    def _conversation_values(self, row: ConversationRow) -> dict[str, Scalar]:
        place = tables.conversation_place(row.conversation_id)
        return {**vars(row), "content": sealed(self._cipher, row.content, place, row.subject)}

    def _blind(self, bot_id: str, transcript: str) -> str:
        """Give by what a transcript is found: its digest alone would confirm what somebody guesses."""
        return self._cipher.blind(transcript.encode(), ("assistant_turns", bot_id, "transcript")).hex()

    def _turn_values(self, row: TurnRow) -> dict[str, Scalar]:
        place = tables.turn_place(row.turn_id)
        return {
            **vars(row),
            "content": sealed(self._cipher, row.content, place, row.subject),
            "transcript": self._blind(row.bot_id, row.transcript) if row.transcript else "",
        }
