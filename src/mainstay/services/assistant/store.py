"""Bots, their intents and their models, in rows; what they were taught is sealed."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mainstay.ports.ciphers import Cipher
from mainstay.ports.database import Condition, Row, Rows, Scalar
from mainstay.services.assistant import tables
from mainstay.services.assistant.conversation_store import opened, sealed

TABLES = (
    tables.BOTS,
    tables.INTENTS,
    tables.MODELS,
    tables.CONVERSATIONS,
    tables.TURNS,
    tables.FEEDBACK,
    tables.SUMMARIES,
    tables.MEMORIES,
    tables.FACTS,
)

_BOT = (
    "SELECT bot_id, name, definition, intents, examples, version, latest, revision, created_ms, changed_ms"
    " FROM assistant_bots"
)


@dataclass(frozen=True)
class BotRow:
    """A bot as it is stored.

    `version` is the model that answers, `latest` the last that was made; each change raises the `revision`.
    """

    bot_id: str
    name: str
    definition: dict[str, Any]
    intents: int
    examples: int
    version: int
    latest: int
    revision: int
    created_ms: int
    changed_ms: int


@dataclass(frozen=True)
class ModelRow:
    """A model as it is stored, without its bytes."""

    version: int
    figures: dict[str, Any]
    created_ms: int


class BotStore:
    """Reads and writes bots."""

    def __init__(self, rows: Rows, cipher: Cipher) -> None:
        """Take the caller's rows, and the cipher of texts."""
        self._rows = rows
        self._cipher = cipher

    async def bot(self, bot_id: str) -> BotRow | None:
        """Find a bot."""
        rows = await self._rows.fetch(f"{_BOT} WHERE bot_id = :bot_id", {"bot_id": bot_id})
        return self._bot(rows[0]) if rows else None

    async def bots(self) -> list[BotRow]:
        """List the bots, oldest first."""
        return [self._bot(row) for row in await self._rows.fetch(f"{_BOT} ORDER BY bot_id")]

    async def add(self, row: BotRow) -> None:
        """Store a new bot."""
        await self._rows.insert("assistant_bots", [self._values(row)])

    async def change(self, row: BotRow, revision: int) -> bool:
        """Store a bot anew if nobody has changed it since that revision; say whether that was so."""
        where: Condition = {"bot_id": row.bot_id, "revision": revision}
        return bool(await self._rows.update("assistant_bots", self._values(row), where))

    async def outdate(self, bot_id: str) -> None:
        """Raise a bot's revision, whoever changes it: what is learned from what stands now is not stored."""
        where: Condition = {"bot_id": bot_id}
        await self._rows.update("assistant_bots", {"bot_id": bot_id}, where)  # from here on nobody else does
        row = await self.bot(bot_id)
        if row is not None:
            await self._rows.update("assistant_bots", {"revision": row.revision + 1}, where)

    async def remove(self, bot_id: str) -> None:
        """Erase a bot with its intents and models."""
        for table in ("assistant_bots", "assistant_intents", "assistant_models"):
            await self._rows.delete(table, {"bot_id": bot_id})

    async def examples(self, bot_id: str) -> dict[str, list[str]]:
        """Give the examples that were given, by intent, in the order of the intents."""
        rows = await self._rows.fetch(
            "SELECT number, content FROM assistant_intents WHERE bot_id = :bot_id ORDER BY number",
            {"bot_id": bot_id},
        )
        found: dict[str, list[str]] = {}
        for row in rows:
            place = tables.intent_place(bot_id, int(row["number"] or 0))
            content = opened(self._cipher, row["content"], place)
            found[content["name"]] = content["examples"]
        return found

    async def replace_examples(self, bot_id: str, examples: Mapping[str, Sequence[str]]) -> None:
        """Store the examples of all intents anew."""
        await self._rows.delete("assistant_intents", {"bot_id": bot_id})
        rows: list[Mapping[str, Scalar]] = [
            {
                "bot_id": bot_id,
                "number": number,
                "content": sealed(
                    self._cipher,
                    {"name": name, "examples": list(texts)},
                    tables.intent_place(bot_id, number),
                ),
            }
            for number, (name, texts) in enumerate(examples.items())
        ]
        await self._rows.insert("assistant_intents", rows)

    async def models(self, bot_id: str) -> list[ModelRow]:
        """List a bot's models, newest first."""
        rows = await self._rows.fetch(
            "SELECT version, figures, created_ms FROM assistant_models WHERE bot_id = :bot_id"
            " ORDER BY version DESC",
            {"bot_id": bot_id},
        )
        return [
            ModelRow(int(row["version"] or 0), json.loads(str(row["figures"])), int(row["created_ms"] or 0))
            for row in rows
        ]

    async def model(self, bot_id: str, version: int) -> bytes | None:
        """Give a model's bytes, sealed to its place."""
        rows = await self._rows.fetch(
            "SELECT content FROM assistant_models WHERE bot_id = :bot_id AND version = :version",
            {"bot_id": bot_id, "version": version},
        )
        content = rows[0]["content"] if rows else None
        return content if isinstance(content, bytes) else None

    async def add_model(self, bot_id: str, row: ModelRow, content: bytes) -> None:
        """Store a model; `content` is sealed to its place."""
        values: dict[str, Scalar] = {
            "bot_id": bot_id,
            "version": row.version,
            "content": content,
            "figures": json.dumps(row.figures),
            "created_ms": row.created_ms,
        }
        await self._rows.insert("assistant_models", [values])

    async def forget_models(self, bot_id: str, versions: Sequence[int]) -> None:
        """Erase models."""
        if versions:
            await self._rows.delete("assistant_models", {"bot_id": bot_id, "version": list(versions)})

    def _bot(self, row: Row) -> BotRow:
        bot_id = str(row["bot_id"])
        numbers = ("intents", "examples", "version", "latest", "revision", "created_ms", "changed_ms")
        return BotRow(
            bot_id,
            str(row["name"]),
            opened(self._cipher, row["definition"], tables.bot_place(bot_id)),
            *(int(row[name] or 0) for name in numbers),
        )

    def _values(self, row: BotRow) -> dict[str, Scalar]:
        definition = sealed(self._cipher, row.definition, tables.bot_place(row.bot_id))
        return {**vars(row), "definition": definition}
