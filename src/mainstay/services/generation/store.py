"""Traces and responses in rows."""

from collections.abc import Mapping, Sequence

from mainstay.ports.database import AllRows, Row, Rows, Scalar
from mainstay.services.generation.records import CachingRules
from mainstay.services.generation.tables import CACHING, OUTCOMES, RESPONSES, TRACES

TABLES = (TRACES, RESPONSES, OUTCOMES, CACHING)

FACTS = (
    "trace_id, at_ms, subject, request_id, generator, outcome, cached, tokens_input, tokens_output, cost,"
    " first_piece_ms, took_ms, prompt, prompt_version, experiment_id, arm"
)
_OLD = "SELECT tenant_id, trace_id FROM generation_traces WHERE at_ms < :before ORDER BY at_ms LIMIT :limit"


class GenerationStore:
    """Reads traces, reads and writes responses, of the caller's tenant."""

    def __init__(self, rows: Rows) -> None:
        """Take the caller's rows."""
        self._rows = rows

    async def traces(self, subject: str, after: str, limit: int) -> list[Row]:
        """List traces without their texts, newest first."""
        conditions, values = ["1 = 1"], dict[str, Scalar](limit=limit)
        if subject:
            conditions.append("subject = :subject")
            values["subject"] = subject
        if after:
            conditions.append("trace_id < :after")
            values["after"] = after
        where = " AND ".join(conditions)
        return await self._rows.fetch(
            f"SELECT {FACTS} FROM generation_traces WHERE {where} ORDER BY trace_id DESC LIMIT :limit", values
        )

    async def trace(self, trace_id: str) -> Row | None:
        """Find a trace."""
        rows = await self._rows.fetch(
            f"SELECT {FACTS}, exposure_id, told FROM generation_traces WHERE trace_id = :id", {"id": trace_id}
        )
        return rows[0] if rows else None

    async def traces_of(self, subject: str, after: Row | None, limit: int) -> list[Row]:
        """List somebody's traces with their texts, newest first, following one."""
        return await self._following("generation_traces", f"{FACTS}, told", "trace_id", subject, after, limit)

    async def count_of(self, subject: str) -> tuple[int, int]:
        """Count somebody's traces and responses."""
        [row] = await self._rows.fetch(
            "SELECT (SELECT count(*) FROM generation_traces WHERE subject = :subject) AS traces,"
            " (SELECT count(*) FROM generation_responses WHERE subject = :subject) AS responses",
            {"subject": subject},
        )
        return int(row["traces"] or 0), int(row["responses"] or 0)

    async def keep(self, row: Mapping[str, Scalar]) -> None:
        """Keep a response."""
        await self._rows.insert("generation_responses", [row])

    async def keeps(self, response_id: str, subject: str) -> bool:
        """Say whether somebody keeps a response, without reading it."""
        where = {"id": response_id, "subject": subject}
        sql = "SELECT 1 AS one FROM generation_responses WHERE response_id = :id AND subject = :subject"
        return bool(await self._rows.fetch(sql, where))

    async def response(self, response_id: str, subject: str) -> Row | None:
        """Find somebody's response."""
        rows = await self._rows.fetch(
            "SELECT * FROM generation_responses WHERE response_id = :id AND subject = :subject",
            {"id": response_id, "subject": subject},
        )
        return rows[0] if rows else None

    async def responses_of(self, subject: str, after: Row | None, limit: int) -> list[Row]:
        """List somebody's responses, newest first, following one."""
        return await self._following("generation_responses", "*", "response_id", subject, after, limit)

    async def kept_bytes(self) -> int:
        """Give how many bytes all responses have, sealed."""
        sql = "SELECT CAST(coalesce(sum(length(told)), 0) AS BIGINT) AS bytes FROM generation_responses"
        [row] = await self._rows.fetch(sql)
        return int(row["bytes"] or 0)

    async def remove(self, response_id: str, subject: str) -> bool:
        """Delete somebody's response; say whether it was there."""
        return bool(
            await self._rows.delete("generation_responses", {"response_id": response_id, "subject": subject})
        )

    async def outcomes(self, trace_id: str) -> list[Row]:
        """List what was said of a trace, oldest first."""
        return await self._rows.fetch(
            "SELECT trace_id, value, at_ms FROM generation_outcomes WHERE trace_id = :id ORDER BY at_ms",
            {"id": trace_id},
        )

    async def judge(self, row: Mapping[str, Scalar]) -> None:
        """Keep what somebody says of a trace, instead of what he said before."""
        await self._rows.upsert("generation_outcomes", [row])

    async def outcomes_of(self, subject: str) -> list[Row]:
        """List what somebody said of answers, and what was said of his."""
        return await self._rows.fetch(
            "SELECT trace_id, value, at_ms FROM generation_outcomes"
            " WHERE subject = :subject OR author = :subject ORDER BY at_ms",
            {"subject": subject},
        )

    async def forget(self, subject: str) -> tuple[int, int]:
        """Erase what somebody asked for and judged; count traces and responses."""
        for column in ("subject", "author"):
            await self._rows.delete("generation_outcomes", {column: subject})
        traces = await self._rows.delete("generation_traces", {"subject": subject})
        return traces, await self._rows.delete("generation_responses", {"subject": subject})

    async def _following(
        self, table: str, columns: str, key: str, subject: str, after: Row | None, limit: int
    ) -> list[Row]:
        where, values = "", dict[str, Scalar](subject=subject, limit=limit)
        if after is not None:
            where, values["after"] = f" AND {key} < :after", after[key]
        return await self._rows.fetch(
            f"SELECT {columns} FROM {table} WHERE subject = :subject{where} ORDER BY {key} DESC LIMIT :limit",
            values,
        )


class RuleStore:
    """Reads and writes whether the tenant's answers are given again."""

    def __init__(self, rows: Rows) -> None:
        """Take the caller's rows."""
        self._rows = rows

    async def rules(self) -> CachingRules:
        """Give what was set, or that they are."""
        rows = await self._rows.fetch("SELECT exact, semantic FROM generation_caching WHERE name = 'own'")
        return CachingRules(
            exact=all(bool(row["exact"]) for row in rows),
            semantic=all(bool(row["semantic"]) for row in rows),
        )

    async def set(self, rules: CachingRules) -> None:
        """Keep what was set."""
        row: Mapping[str, Scalar] = {
            "name": "own",
            "exact": int(rules.exact),
            "semantic": int(rules.semantic),
        }
        await self._rows.upsert("generation_caching", [row])


class TraceStore:
    """Writes traces in the background, and removes old ones."""

    def __init__(self, rows: AllRows) -> None:
        """Take the rows of all tenants, in whose names answers were asked for."""
        self._rows = rows

    async def write(self, tenant_id: str, rows: Sequence[Mapping[str, Scalar]]) -> None:
        """Write some of a tenant."""
        await self._rows.of(tenant_id).insert("generation_traces", rows)

    async def remove(self, tenant_id: str, trace_ids: Sequence[str]) -> None:
        """Remove some of a tenant, with what was said of them."""
        of = self._rows.of(tenant_id)
        await of.delete("generation_outcomes", {"trace_id": list(trace_ids)})
        await of.delete("generation_traces", {"trace_id": list(trace_ids)})

    async def remove_of(self, tenant_id: str, subject: str) -> None:
        """Remove all of somebody."""
        await self._rows.of(tenant_id).delete("generation_traces", {"subject": subject})

    async def forget_old(self, before_ms: int, limit: int) -> int:
        """Remove some that are older than a moment; count them."""
        removed = 0
        for row in await self._rows.fetch(_OLD, {"before": before_ms, "limit": limit}):
            of = self._rows.of(str(row["tenant_id"]))
            await of.delete("generation_outcomes", {"trace_id": row["trace_id"]})
            removed += await of.delete("generation_traces", {"trace_id": row["trace_id"]})
        return removed
