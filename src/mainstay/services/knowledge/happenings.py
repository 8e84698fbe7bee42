"""What the knowledge service tells the house."""

from mainstay.kernel.interface import Event


class DocumentStored(Event):
    """A version of a document was stored; it is to be cut into passages and encoded."""

    doc_id: str
    collection: str
    version: int
    job_id: str


class FilesReplaced(Event):
    """Documents were stored anew; the files of their earlier versions are to be erased."""

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
