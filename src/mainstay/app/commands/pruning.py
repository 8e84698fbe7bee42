"""Documents beneath the folders that were sent whose files are not there."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from mainstay.app.commands.finding import Finding
from mainstay.app.commands.sending import Parcel, Tally, send_all
from mainstay.services.knowledge.facts import FILE_NAME
from mainstay.services.knowledge.failures import CollectionMissing, DocumentMissing
from mainstay.services.knowledge.interface import Knowledge
from mainstay.services.knowledge.records import DocumentSummary

_PAGE = 500


@dataclass
class Beneath:
    """What a collection holds beneath the names of some folders."""

    files: int = 0
    """How many of its documents came from files."""
    gone: list[str] = field(default_factory=list)
    """Those whose files are in none of the folders."""
    kept_to: set[str] = field(default_factory=set)
    """The groups that some of the others are kept to."""


async def look(knowledge: Knowledge, collection: str, finding: Finding) -> Beneath:
    """Look at the documents that were sent as files of these folders.

    A file that is there counts as there, also where this command passed it over or may not look at it.
    """
    beneath = Beneath()
    sent = {f"{collection}/{file.name}" for file in finding.files}
    for prefix in dict.fromkeys(folder.prefix for folder in finding.folders):
        places = [folder.path for folder in finding.folders if folder.prefix == prefix]
        start = f"{collection}/{prefix}"
        async for document in _documents(knowledge, collection, start):
            if document.metadata.get(FILE_NAME) != PurePath(document.doc_id).name:
                continue
            beneath.files += 1
            name = document.doc_id.removeprefix(start)
            if document.doc_id in sent or any(_may_lie(place / name) for place in places):
                beneath.kept_to.update(document.groups or ())
            else:
                beneath.gone.append(document.doc_id)
    return beneath


def _may_lie(path: Path) -> bool:
    """Say whether there is such a file; a disk that does not answer has said nothing."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return False
    except OSError:
        return True
    return True


async def _documents(knowledge: Knowledge, collection: str, start: str) -> AsyncIterator[DocumentSummary]:
    after: str | None = start
    while after is not None:
        try:
            page = await knowledge.list_documents(collection, after=after, limit=_PAGE)
        except CollectionMissing:
            return
        for document in page.documents:
            if not document.doc_id.startswith(start):
                return
            yield document
        after = page.next


async def delete(
    knowledge: Knowledge, doc_ids: Sequence[str], tally: Tally, abreast: int
) -> AsyncIterator[int]:
    """Delete documents, and give the steps of each that is done; what fails joins the tally."""

    def parcel(doc_id: str) -> Parcel:
        async def send() -> None:
            try:
                await knowledge.delete_document(doc_id)
            except DocumentMissing:
                return
            tally.deleted += 1

        return Parcel(doc_id, 1, send)

    async for steps in send_all(iter([parcel(doc_id) for doc_id in doc_ids]), tally, abreast):
        yield steps
