"""How far documents have come on their way into the index, in their rows; one stored anew begins again."""

from collections.abc import Mapping, Sequence

from mainstay.ports.database import Condition, Rows, Scalar
from mainstay.services.knowledge.store import DocumentRow

_AT_ONCE = 200


def _alike(documents: Sequence[DocumentRow]) -> dict[tuple[int, int, str], list[str]]:
    """Give the ids of documents by version, time of creation and job: batches share all three."""
    found: dict[tuple[int, int, str], list[str]] = {}
    for row in documents:
        found.setdefault((row.version, row.created_ms, row.job_id), []).append(row.doc_id)
    return found


class ProgressStore:
    """Notes what was done for documents, as far as they are still what was read."""

    def __init__(self, rows: Rows) -> None:
        """Take the caller's rows."""
        self._rows = rows

    async def take_up(self, documents: Sequence[DocumentRow], job_id: str) -> set[str]:
        """Note that a job makes documents searchable again; give the ids of those that are as they were read.

        One that was stored anew since then comes by the job of its own.
        """
        taken: set[str] = set()
        for (version, created_ms, job), doc_ids in _alike(documents).items():
            same: Condition = {"version": version, "created_ms": created_ms, "job_id": job}
            taken |= await self._noted({"job_id": job_id}, same, doc_ids)
        return taken

    async def encoded(self, languages: Sequence[tuple[DocumentRow, str]]) -> set[str]:
        """Open the unit of work on documents and note their languages; give the ids of those that stay.

        The others were deleted or replaced since they were read: what was made of them is to be dropped.
        """
        spoken: dict[str, list[DocumentRow]] = {}
        for row, language in languages:
            spoken.setdefault(language, []).append(row)
        kept: set[str] = set()
        for language, rows in spoken.items():
            for (version, created_ms, job_id), doc_ids in _alike(rows).items():
                same: Condition = {"version": version, "created_ms": created_ms, "job_id": job_id}
                kept |= await self._noted({"language": language}, same, doc_ids)
        return kept

    async def indexed(self, documents: Sequence[DocumentRow]) -> set[str]:
        """Note that versions are searchable; give the ids of those that still are the present ones.

        Of a document that was stored anew since it was read the version before is not shown: the new one may
        be for others.
        """
        shown: set[str] = set()
        for (version, created_ms, _), doc_ids in _alike(documents).items():
            same: Condition = {"version": version, "created_ms": created_ms}
            shown |= await self._noted({"indexed_version": version}, same, doc_ids)
        return shown

    async def _noted(self, values: Mapping[str, Scalar], same: Condition, doc_ids: Sequence[str]) -> set[str]:
        """Change those of some documents that meet a condition, in few statements, and give their ids."""
        noted: set[str] = set()
        for start in range(0, len(doc_ids), _AT_ONCE):
            part = doc_ids[start : start + _AT_ONCE]
            if await self._rows.update("documents", values, {**same, "doc_id": part}) == len(part):
                noted.update(part)
                continue
            for name in part:
                if await self._rows.update("documents", values, {**same, "doc_id": name}):
                    noted.add(name)
        return noted
