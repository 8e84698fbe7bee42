"""What the knowledge service tells the house."""

from typing import Self

from mainstay.kernel.interface import Event
from mainstay.services.knowledge.store import DocumentRow


class DocumentStored(Event):
    """A version of a document was stored; it is to be cut into passages and encoded."""

    doc_id: str
    collection: str
    version: int
    job_id: str

    @classmethod
    def of(cls, document: DocumentRow, job_id: str) -> Self:
        """Make the event of a document's present version."""
        return cls(
            doc_id=document.doc_id, collection=document.collection, version=document.version, job_id=job_id
        )


class FilesReplaced(Event):
    """A document was stored anew; the files of its earlier versions are to be erased."""

    blobs: list[str]


class IndexChanged(Event):
    """Something changed that the index has to follow; `change` numbers these upwards."""

    change: int
    kind: str
    subject: str
    version: int = 0
    job_id: str = ""
    blobs: list[str] = []


class DocumentIndexed(Event):
    """A version of a document became searchable."""

    doc_id: str
    collection: str
    version: int


class DocumentDeleted(Event):
    """A document was deleted: no search finds it any more."""

    doc_id: str
    collection: str
