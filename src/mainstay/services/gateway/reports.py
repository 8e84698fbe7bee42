"""Reports of what a tenant used."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from mainstay.kernel.usage import COUNTED, DAY_MS
from mainstay.kernel.usage_book import UsageBook, Wanted
from mainstay.kit.clock import Clock
from mainstay.ports.database import Row, Scalar
from mainstay.services.gateway.records import DaysInvalid, StoredLine, UsageCounts, UsageLine, UsageReport

_DAYS_IF_UNSAID = 30
_TOLD_APART: Mapping[str, Sequence[str]] = {
    "none": (),
    "key": ("subject",),
    "operation": ("operation",),
    "both": ("subject", "operation"),
}


@dataclass(frozen=True)
class Question:
    """What a report shall be about."""

    since: str
    until: str
    by: str
    split: str
    key_id: str
    operation: str
    after: str
    limit: int


class Reports:
    """Makes reports."""

    def __init__(self, book: UsageBook, clock: Clock) -> None:
        """Take the parts."""
        self._book = book
        self._clock = clock

    async def make(self, tenant_id: str, question: Question) -> UsageReport:
        """Report; raises DaysInvalid."""
        since_ms, until_ms = self._days(question.since, question.until)
        named = {"subject": question.key_id, "operation": question.operation}
        wanted = Wanted(
            tenant_id,
            question.by,
            since_ms,
            until_ms,
            _TOLD_APART[question.split],
            {column: value for column, value in named.items() if value},
        )
        rows = await self._book.lines(wanted, _place(question.after, wanted), question.limit + 1)
        lines = [_line(row) for row in rows[: question.limit]]
        return UsageReport(
            tenant_id=tenant_id,
            since=_day(since_ms),
            until=_day(until_ms),
            totals=UsageCounts(**_counts(await self._book.totals(wanted))),
            lines=lines,
            stored=[_stored(row) for row in await self._book.stored(wanted)],
            next=_cursor(rows[question.limit - 1]) if len(rows) > question.limit else "",
        )

    def _days(self, since: str, until: str) -> tuple[int, int]:
        tomorrow = (self._clock.now_ms() // DAY_MS + 1) * DAY_MS
        until_ms = _midnight(until, "until") if until else tomorrow
        since_ms = _midnight(since, "since") if since else until_ms - _DAYS_IF_UNSAID * DAY_MS
        if since_ms >= until_ms:
            problem = f"There is no day from {_day(since_ms)} to before {_day(until_ms)}: give a later one."
            raise DaysInvalid(problem, problems=[{"field": "until", "problem": problem}])
        return since_ms, until_ms


def _midnight(text: str, field: str) -> int:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        problem = "There is no such day; write it as 2026-11-29."
        raise DaysInvalid(problem, problems=[{"field": field, "problem": problem}]) from None
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1000


def _place(after: str, wanted: Wanted) -> Sequence[Scalar]:
    """Read where a page begins: the columns of the last line of the page before."""
    if not after:
        return ()
    begins, subject, operation = after.split("~")
    told = {"subject": subject, "operation": operation}
    return (int(begins), *(told[name] for name in wanted.told_apart))


def _cursor(row: Row) -> str:
    columns = ("begins_ms", "subject", "operation")
    return "~".join(str(row.get(name, "")) for name in columns)


def _moment(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, UTC)


def _day(at_ms: int) -> str:
    return _moment(at_ms).date().isoformat()


def _counts(row: Row) -> dict[str, int]:
    return {name: int(row[name] or 0) for name in COUNTED}


def _line(row: Row) -> UsageLine:
    begins = _moment(int(row["begins_ms"] or 0))
    return UsageLine(
        begins_at=begins.isoformat().replace("+00:00", "Z"),
        key_id=str(row["subject"]) if "subject" in row else None,
        operation=str(row["operation"]) if "operation" in row else None,
        **_counts(row),
    )


def _stored(row: Row) -> StoredLine:
    return StoredLine(
        day=_day(int(row["begins_ms"] or 0)),
        documents=int(row["documents"] or 0),
        bytes=int(row["bytes"] or 0),
        at_ms=int(row["at_ms"] or 0),
    )
