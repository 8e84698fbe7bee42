"""Prompts, their versions and their labels, in rows; texts are sealed."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mainstay.ports.ciphers import Cipher
from mainstay.ports.database import Condition, Row, Rows, Scalar
from mainstay.services.prompts import tables

TABLES = (
    tables.PROMPTS,
    tables.VERSIONS,
    tables.LABELS,
    tables.MOVES,
    tables.TESTS,
    tables.RESULTS,
    tables.EXPERIMENTS,
    tables.EXPOSURES,
)
_PROMPT = "SELECT name, latest, examples_revision, revision, created_ms, changed_ms, deleted_ms FROM prompts"
_VERSION = "SELECT name, version, content, author, created_ms FROM prompt_versions"
_KEPT = (
    ("prompt_versions", "content"),
    ("prompts", "examples"),
    ("prompt_tests", "content"),
    ("prompt_results", "content"),
)
_LARGE = 50_000
"""So many bytes are opened in a thread: the loop is not to wait for them."""


def sealed(cipher: Cipher, content: Mapping[str, Any], place: tuple[str, ...]) -> bytes:
    """Seal what is written down as JSON."""
    return cipher.seal(json.dumps(content).encode("utf-8", "surrogatepass"), place)


async def opened(cipher: Cipher, many: Sequence[tuple[Scalar, tuple[str, ...]]]) -> list[dict[str, Any]]:
    """Open what was sealed to its places; much of it in a thread."""
    size = sum(len(value) for value, _ in many if isinstance(value, bytes))
    return await asyncio.to_thread(_opened, cipher, many) if size > _LARGE else _opened(cipher, many)


@dataclass(frozen=True)
class PromptRow:
    """A prompt as it is stored, but for its examples; a deleted one keeps its name and its numbers alone."""

    name: str
    latest: int
    examples_revision: int
    revision: int
    created_ms: int
    changed_ms: int
    deleted_ms: int | None = None


@dataclass(frozen=True)
class VersionRow:
    """A version as it is stored."""

    name: str
    version: int
    content: dict[str, Any]
    author: str
    created_ms: int


@dataclass(frozen=True)
class LabelRow:
    """A label as it is stored: its last move, and the one before."""

    label: str
    require_tests: float
    number: int
    version: int
    before: int
    author: str
    moved_ms: int


class PromptStore:
    """Reads and writes prompts."""

    def __init__(self, rows: Rows, cipher: Cipher) -> None:
        """Take the caller's rows, and the cipher of texts."""
        self._rows = rows
        self._cipher = cipher

    async def prompt(self, name: str) -> PromptRow | None:
        """Find a prompt, deleted ones too."""
        rows = await self._rows.fetch(f"{_PROMPT} WHERE name = :name", {"name": name})
        return _prompt(rows[0]) if rows else None

    async def examples(self, name: str) -> list[dict[str, Any]]:
        """Give a prompt's examples."""
        rows = await self._rows.fetch("SELECT examples FROM prompts WHERE name = :name", {"name": name})
        found = await opened(self._cipher, [(row["examples"], tables.prompt_place(name)) for row in rows])
        return [example for each in found for example in each["examples"]]

    async def prompts(self, after: str, limit: int) -> list[PromptRow]:
        """List prompts by name, following one."""
        rows = await self._rows.fetch(
            f"{_PROMPT} WHERE name > :after AND deleted_ms IS NULL ORDER BY name LIMIT :limit",
            {"after": after, "limit": limit},
        )
        return [_prompt(row) for row in rows]

    async def count(self) -> int:
        """Count all prompts, deleted ones too."""
        [row] = await self._rows.fetch("SELECT count(*) AS many FROM prompts")
        return int(row["many"] or 0)

    async def add(self, row: PromptRow) -> None:
        """Store a new prompt, without examples; raises UniqueViolated."""
        examples = sealed(self._cipher, {"examples": []}, tables.prompt_place(row.name))
        await self._rows.insert("prompts", [{**vars(row), "examples": examples}])

    async def change(
        self, row: PromptRow, revision: int, examples: Sequence[Mapping[str, Any]] | None = None
    ) -> bool:
        """Store a prompt anew if nobody has changed it since that revision; say whether that was so.

        Its examples stay as they are unless others are given.
        """
        values: dict[str, Scalar] = dict(vars(row))
        if examples is not None:
            place = tables.prompt_place(row.name)
            values["examples"] = await asyncio.to_thread(sealed, self._cipher, {"examples": examples}, place)
        where: Condition = {"name": row.name, "revision": revision}
        return bool(await self._rows.update("prompts", values, where))

    async def version(self, name: str, version: int) -> VersionRow | None:
        """Find a version."""
        rows = await self._rows.fetch(
            f"{_VERSION} WHERE name = :name AND version = :version", {"name": name, "version": version}
        )
        return (await self._opened(rows))[0] if rows else None

    async def versions(self, name: str, before: int, limit: int) -> list[VersionRow]:
        """List versions below a number, newest first."""
        rows = await self._rows.fetch(
            f"{_VERSION} WHERE name = :name AND version < :before ORDER BY version DESC LIMIT :limit",
            {"name": name, "before": before, "limit": limit},
        )
        return await self._opened(rows)

    async def versions_by(self, author: str, after: VersionRow | None, limit: int) -> list[VersionRow]:
        """List the versions that somebody made, by name and number, following one."""
        name, version = ("", 0) if after is None else (after.name, after.version)
        rows = await self._rows.fetch(
            f"{_VERSION} WHERE author = :author AND (name, version) > (:name, :version)"
            " ORDER BY name, version LIMIT :limit",
            {"author": author, "name": name, "version": version, "limit": limit},
        )
        return await self._opened(rows)

    async def count_by(self, author: str) -> int:
        """Count the versions that somebody made."""
        sql = "SELECT count(*) AS many FROM prompt_versions WHERE author = :author"
        [row] = await self._rows.fetch(sql, {"author": author})
        return int(row["many"] or 0)

    async def add_version(self, row: VersionRow) -> None:
        """Store a version; raises UniqueViolated."""
        content = sealed(self._cipher, row.content, tables.version_place(row.name, row.version))
        await self._rows.insert("prompt_versions", [{**vars(row), "content": content}])

    async def labels(self, name: str) -> list[LabelRow]:
        """List a prompt's labels by name."""
        rules = await self._rows.fetch(
            "SELECT label, require_tests FROM prompt_labels WHERE name = :name ORDER BY label", {"name": name}
        )
        found = []
        for rule in rules:
            moves = await self._rows.fetch(
                "SELECT number, version, author, at_ms FROM prompt_moves"
                " WHERE name = :name AND label = :label ORDER BY number DESC LIMIT 2",
                {"name": name, "label": rule["label"]},
            )
            if moves:
                last = moves[0]
                found.append(
                    LabelRow(
                        str(rule["label"]),
                        float(rule["require_tests"] or 0),
                        int(last["number"] or 0),
                        int(last["version"] or 0),
                        int(moves[1]["version"] or 0) if len(moves) > 1 else 0,
                        str(last["author"]),
                        int(last["at_ms"] or 0),
                    )
                )
        return found

    async def move(self, name: str, row: LabelRow) -> None:
        """Let a label stand at a version from now on; raises UniqueViolated."""
        rule: Mapping[str, Scalar] = {
            "name": name,
            "label": row.label,
            "require_tests": row.require_tests,
        }
        await self._rows.upsert("prompt_labels", [rule])
        moved: Mapping[str, Scalar] = {
            "name": name,
            "label": row.label,
            "number": row.number,
            "version": row.version,
            "author": row.author,
            "at_ms": row.moved_ms,
        }
        await self._rows.insert("prompt_moves", [moved])

    async def remove_label(self, name: str, label: str) -> bool:
        """Remove a label with its history; say whether it was there."""
        await self._rows.delete("prompt_moves", {"name": name, "label": label})
        return bool(await self._rows.delete("prompt_labels", {"name": name, "label": label}))

    async def remove(self, name: str) -> None:
        """Erase a prompt's versions and labels."""
        for table in ("prompt_versions", "prompt_labels", "prompt_moves"):
            await self._rows.delete(table, {"name": name})

    async def kept_bytes(self) -> int:
        """Give how many bytes all versions, examples, tests and their results have, sealed."""
        size = 0
        for table, column in _KEPT:
            sql = f"SELECT CAST(coalesce(sum(length({column})), 0) AS BIGINT) AS bytes FROM {table}"
            [row] = await self._rows.fetch(sql)
            size += int(row["bytes"] or 0)
        return size

    async def forget_author(self, subject: str) -> int:
        """Forget who made versions and moved labels, where it was somebody; count the versions."""
        await self._rows.update("prompt_moves", {"author": ""}, {"author": subject})
        return await self._rows.update("prompt_versions", {"author": ""}, {"author": subject})

    async def _opened(self, rows: Sequence[Row]) -> list[VersionRow]:
        keys = [(str(row["name"]), int(row["version"] or 0)) for row in rows]
        places = [tables.version_place(*key) for key in keys]
        contents = await opened(
            self._cipher, [(row["content"], place) for row, place in zip(rows, places, strict=True)]
        )
        return [
            VersionRow(*key, content, str(row["author"]), int(row["created_ms"] or 0))
            for row, key, content in zip(rows, keys, contents, strict=True)
        ]


def latest_label(labels: Sequence[LabelRow], label: str) -> LabelRow | None:
    """Find a label among those of a prompt."""
    return next((each for each in labels if each.label == label), None)


def _opened(cipher: Cipher, many: Sequence[tuple[Scalar, tuple[str, ...]]]) -> list[dict[str, Any]]:
    found = []
    for value, place in many:
        if not isinstance(value, bytes):
            raise TypeError("This column holds bytes")
        found.append(json.loads(cipher.open(value, place).decode("utf-8", "surrogatepass")))
    return found


def _prompt(row: Row) -> PromptRow:
    return PromptRow(
        name=str(row["name"]),
        latest=int(row["latest"] or 0),
        examples_revision=int(row["examples_revision"] or 0),
        revision=int(row["revision"] or 0),
        created_ms=int(row["created_ms"] or 0),
        changed_ms=int(row["changed_ms"] or 0),
        deleted_ms=None if row["deleted_ms"] is None else int(row["deleted_ms"]),
    )
