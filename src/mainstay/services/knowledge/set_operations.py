"""The part of knowledge that works on several documents by their ids."""

from typing import Annotated

from pydantic import Field

from mainstay.kernel.interface import Interface, reads, writes
from mainstay.services.knowledge.limits import BATCH_MAX, DocumentId
from mainstay.services.knowledge.records import Document, DocumentsDeleted

LOOKED_UP_MAX = 100


class SetOperations(Interface):
    """Several documents at once."""

    @reads("POST /documents/lookup", may="documents:read", example={"doc_ids": ["keys", "travel"]})
    async def get_documents(
        self, doc_ids: Annotated[list[DocumentId], Field(min_length=1, max_length=LOOKED_UP_MAX)]
    ) -> list[Document]:
        """Give documents by their ids, in that order; those that are not there, or hidden, are left out."""

    @writes("POST /documents/delete", may="documents:write", example={"doc_ids": ["keys", "travel"]})
    async def delete_documents(
        self, doc_ids: Annotated[list[DocumentId], Field(min_length=1, max_length=BATCH_MAX)]
    ) -> DocumentsDeleted:
        """Delete documents by their ids, at once and for good; those that are not there are left out."""
