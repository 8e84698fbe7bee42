"""Documents whose files are not in their folder any more."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path, PurePath

from mainstay.app.commands.finding import Folder
from mainstay.app.commands.sending import Parcel, Tally, send_all
from mainstay.services.knowledge.facts import FILE_NAME
from mainstay.services.knowledge.failures import CollectionMissing, DocumentMissing
from mainstay.services.knowledge.interface import Knowledge
from mainstay.services.knowledge.records import DocumentSummary

_PAGE = 500


async def gone(knowledge: Knowledge, collection: str, folders: Sequence[Folder]) -> list[str]:
    """Give the ids of documents that were sent as files of these folders and are there no more.

    A file that is there counts as there, also where this command passed it over.
    """
    found: list[str] = []
    for folder in folders:
        prefix = f"{collection}/{folder.prefix}"
        found += [
            document.doc_id
            async for document in _beneath(knowledge, collection, prefix)
            if _sent(document) and not _lies(folder.path, document.doc_id.removeprefix(prefix))
        ]
    return found


def _sent(document: DocumentSummary) -> bool:
    return document.metadata.get(FILE_NAME) == PurePath(document.doc_id).name


def _lies(folder: Path, name: str) -> bool:
    try:
        return (folder / name).is_file()
    except (OSError, ValueError):
        return False


async def _beneath(knowledge: Knowledge, collection: str, prefix: str) -> AsyncIterator[DocumentSummary]:
    after: str | None = prefix
    while after is not None:
        try:
            page = await knowledge.list_documents(collection, after=after, limit=_PAGE)
        except CollectionMissing:
            return
        for document in page.documents:
            if not document.doc_id.startswith(prefix):
                return
            yield document
        after = page.next


async def delete_gone(knowledge: Knowledge, tally: Tally, abreast: int) -> AsyncIterator[int]:
    """Delete the documents whose files are gone; what fails joins the tally."""

    def parcel(doc_id: str) -> Parcel:
        async def delete() -> None:
            try:
                await knowledge.delete_document(doc_id)
            except DocumentMissing:
                return
            tally.deleted += 1

        return Parcel(doc_id, 1, delete)

    async for steps in send_all(iter([parcel(doc_id) for doc_id in tally.gone]), tally, abreast):
        yield steps
