"""Reranking in the shape that Cohere's and Jina's clients share: texts ordered by how well they answer."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from mainstay.transports.compatible.openai.asking import Asked, checked
from mainstay.transports.compatible.openai.chat_request import heeded
from mainstay.transports.compatible.openai.kinds import only_model, unsupported
from mainstay.transports.compatible.openai.replies import Reply, Told
from mainstay.transports.compatible.openai.table import BASES, Endpoint

RERANK = "rerank"
"""The name of the installation's reranker, whichever it is; it has its own name too."""

DOCUMENTS_MAX = 256
_RERANK = "language.rerank"
_ONLY = {"rank_fields": ([], ["text"]), "max_chunks_per_doc": (), "max_tokens_per_doc": ()}


class RerankRequest(BaseModel):
    """A request for a ranking."""

    model_config = ConfigDict(extra="forbid")

    model: Annotated[str, Field(max_length=200)] = RERANK
    query: str
    documents: Annotated[list[Any], Field(min_length=1, max_length=DOCUMENTS_MAX)]
    top_n: Annotated[int | None, Field(ge=1)] = None
    return_documents: bool | None = None


async def create_ranking(asked: Asked) -> Reply:
    """Order texts by how well they answer a query."""
    asked.names = {"texts": "documents", "reranker": "model"}
    request = checked(RerankRequest, heeded(await asked.json(), _ONLY, RerankRequest))
    texts = [_text(each, place) for place, each in enumerate(request.documents)]
    more: dict[str, Any] = {} if request.top_n is None else {"top_n": min(request.top_n, len(texts))}
    if request.model != RERANK:
        more["reranker"] = request.model
    with only_model(RERANK):
        ranking = await asked(_RERANK, query=request.query, texts=texts, **more)
    results = [
        {"index": each.index, "relevance_score": each.score}
        | ({"document": {"text": texts[each.index]}} if request.return_documents else {})
        for each in ranking.results
    ]
    tokens = -(-(len(request.query) * len(texts) + sum(map(len, texts))) // 4)
    version = "2" if asked.exchange.scope["path"].startswith("/v2/") else "1"
    return Told(
        {
            "id": asked.exchange.request_id,
            "model": request.model,
            "results": results,
            "usage": {"total_tokens": tokens},
            "meta": {
                "api_version": {"version": version},
                "billed_units": {"search_units": 1},
                "warnings": [
                    f"Document {place} is longer than the encoder reads: its beginning was compared."
                    for place in ranking.truncated
                ],
            },
        }
    )


def _text(document: Any, place: int) -> str:
    """Give a document's text: a text, or an object with one."""
    text = document.get("text") if isinstance(document, dict) else document
    if not isinstance(text, str):
        raise unsupported(f"documents.{place}", "Write a text, or an object with a `text`.")
    return text


ENDPOINTS = (
    Endpoint("POST", "/rerank", _RERANK, create_ranking, bases=BASES),
    Endpoint("POST", "/rerank", _RERANK, create_ranking, bases=("/v2",)),
)
