"""Embeddings: texts become vectors of the installation's encoder."""

import asyncio
import base64
import sys
from array import array
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from mainstay.kit.errors import Invalid
from mainstay.transports.compatible.openai.asking import Asked, checked
from mainstay.transports.compatible.openai.chat_request import heeded
from mainstay.transports.compatible.openai.errors import ContextTooLong
from mainstay.transports.compatible.openai.kinds import only_model, unsupported
from mainstay.transports.compatible.openai.replies import Reply, Told, encoded
from mainstay.transports.compatible.openai.table import Endpoint

EMBEDDING = "embedding"
"""The name of the installation's encoder, whichever it is; it has its own name too."""

_EMBED = "language.embed"
_AT_ONCE = 256
INPUTS_MAX = 2048
_TOKENS = (
    "Arrays of tokens cannot be read here: send texts (in LangChain: `check_embedding_ctx_length=False`)."
)


class EmbeddingRequest(BaseModel):
    """A request for embeddings."""

    model_config = ConfigDict(extra="forbid")

    model: Annotated[str, Field(min_length=1, max_length=200)]
    input: (
        Annotated[str, Field(min_length=1)]
        | Annotated[list[Annotated[str, Field(min_length=1)]], Field(min_length=1, max_length=INPUTS_MAX)]
    )
    dimensions: Annotated[int | None, Field(ge=1)] = None
    encoding_format: Literal["float", "base64"] | None = None
    input_type: Literal["query", "passage"] | None = None


async def create_embeddings(asked: Asked) -> Reply:
    """Turn texts into vectors."""
    asked.names = {"texts": "input", "role": "input_type", "encoder": "model"}
    sent = await asked.json()
    if _is_tokens(sent.get("input")):
        raise unsupported("input", _TOKENS)
    request = checked(EmbeddingRequest, heeded(sent, {}, EmbeddingRequest))
    texts = [request.input] if isinstance(request.input, str) else request.input
    more: dict[str, Any] = {"role": request.input_type or "passage", "long": "mean"}
    if request.dimensions is not None:
        more["dimensions"] = request.dimensions
    if request.model != EMBEDDING:
        more["encoder"] = request.model
    batches = []
    for start in range(0, len(texts), _AT_ONCE):
        with only_model(EMBEDDING), _as_context(start):
            batches.append(await asked(_EMBED, texts=texts[start : start + _AT_ONCE], **more))
    vectors = [vector for batch in batches for vector in batch.embeddings]
    tokens = sum(batch.tokens for batch in batches)
    told_whole = {
        "object": "list",
        "data": vectors,
        "model": request.model,
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
    }
    return Told(await asyncio.to_thread(_written, told_whole, request.encoding_format == "base64"))


@contextmanager
def _as_context(start: int) -> Iterator[None]:
    """Tell a text that is too long as the protocol does; `start` is the place of the batch's first."""
    try:
        yield
    except Invalid as failure:
        if failure.code() != "TextTooLong":
            raise
        first = failure.problems[0]
        place = start + int(first["field"].rpartition(".")[2])
        told = f"This model's maximum context length is exceeded: input {place} {first['problem']}."
        told += " Send it in parts."
        raise ContextTooLong(told, problems=[{"field": "input", "problem": first["problem"]}]) from None


def _is_tokens(given: Any) -> bool:
    return isinstance(given, list) and any(isinstance(each, (int, list)) for each in given)


def _written(told: Mapping[str, Any], packed: bool) -> bytes:
    """Write the document; many vectors take a while, which is why this runs beside the event loop."""
    data = [
        {"object": "embedding", "index": index, "embedding": _packed(vector) if packed else vector}
        for index, vector in enumerate(told["data"])
    ]
    return encoded({**told, "data": data})


def _packed(vector: Sequence[float]) -> str:
    """Give a vector as the protocol packs it: 32 bits a number, little end first, in Base64."""
    numbers = array("f", vector)
    if sys.byteorder == "big":
        numbers.byteswap()
    return base64.b64encode(numbers.tobytes()).decode()


ENDPOINTS = (Endpoint("POST", "/embeddings", _EMBED, create_embeddings, batched=True),)
