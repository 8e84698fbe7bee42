"""How the knowledge service may fail, each named after the fact."""

from mainstay.kernel.room import QuotaFull
from mainstay.kit.errors import Conflict, Forbidden, Invalid, NotFound, Unavailable
from mainstay.ports.failures import EncoderUnavailable, FilterInvalid, VectorsUnavailable
from mainstay.ports.parsers import FileKindUnsupported, FileTooLarge, FileUnreadable, ParserUnavailable


class CollectionMissing(NotFound):
    """There is no such collection, or none that you may see."""

    title = "There is no such collection"


class CollectionExists(Conflict):
    """A collection with this name exists."""

    title = "A collection with this name exists"


class PassagesTooLong(Conflict):
    """The collection's passages would be longer than what this server's encoder reads."""

    title = "The passages are longer than the encoder reads"


class DocumentMissing(NotFound):
    """There is no such document, or none that you may see."""

    title = "There is no such document"


class DocumentInvalid(Invalid):
    """The document has no words, or its metadata does not fit the collection."""

    title = "The document cannot be stored"


class GiverErased(Conflict):
    """Whoever gives this judgement was erased: nothing of that person is stored any more."""

    title = "Whoever you are was erased"


class QuestionsInvalid(Invalid):
    """A question names no document as its answer."""

    title = "The questions cannot be evaluated"


class FaqMissing(NotFound):
    """There is no such question and answer."""

    title = "There is no such FAQ entry"


class IndexBehind(Unavailable):
    """The documents are stored, but could not be made searchable in time."""

    title = "The documents are stored, but not searchable yet"


class DocumentIdTaken(Conflict):
    """The id belongs to a document that the caller may not see."""

    title = "This doc_id cannot be used"


class DocumentBusy(Conflict):
    """Another request is storing the same document at this moment."""

    title = "The document is being stored by another request"


class DocumentsHidden(Forbidden):
    """The collection holds documents that the caller may not see, and so may not delete."""

    title = "The collection holds documents of other groups"


class VectorStoreExpired(Conflict):
    """Nobody used the vector store for as long as was set; it is being deleted."""

    title = "The vector store has expired"


class StoreFileMissing(NotFound):
    """There is no such file in this vector store, or none that you may see."""

    title = "There is no such file in the vector store"


class FileBatchMissing(NotFound):
    """There is no such batch of files in this vector store."""

    title = "There is no such batch of files"


STORING = (DocumentInvalid, DocumentIdTaken, DocumentBusy, QuotaFull)
"""How storing documents may fail, wherever they come from."""
READING = (FileUnreadable, FileTooLarge, FileKindUnsupported, ParserUnavailable)
"""How reading a file may fail."""
SEARCHING = (CollectionMissing, FilterInvalid, EncoderUnavailable, VectorsUnavailable)
"""How looking for documents may fail."""
