"""What the knowledge service tells the house."""

from mainstay.kernel.interface import Event


class DocumentStored(Event):
    """A version of a document was stored; it is to be cut into passages and encoded."""

    doc_id: str
    collection: str
    version: int
    job_id: str


class DocumentEncoded(Event):
    """A version's passages have their vectors; it is to be put into the index."""

    doc_id: str
    collection: str
    version: int
    job_id: str


class DocumentIndexed(Event):
    """A version of a document became searchable."""

    doc_id: str
    collection: str
    version: int


class DocumentDeleted(Event):
    """A document was deleted; its vectors and files are to be erased."""

    doc_id: str
    collection: str
    blob: str | None = None
