"""What we ask of an encoder: texts become vectors whose cosine says how near their meanings are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

Lane = Literal["query", "ingest"]
"""Who waits: a person (`query`) or a queue (`ingest`); ingest never holds up a query."""

Role = Literal["query", "passage"]
"""What the text is; models such as E5 prefix the two differently."""


@dataclass(frozen=True)
class Tokens:
    """A text's token vectors (n, d) without the special tokens, and each token's characters (n, 2)."""

    vectors: NDArray[np.float32]
    spans: NDArray[np.int64]


class Encoder(Protocol):
    """A text encoder."""

    @property
    def name(self) -> str:
        """Give a stable name that changes whenever the vectors would (model and precision)."""
        ...

    @property
    def dimensions(self) -> int:
        """Give the length of a vector."""
        ...

    @property
    def tokens_max(self) -> int:
        """Give the number of tokens beyond which a text is cut off."""
        ...

    def knows(self, language: str) -> bool:
        """Say whether it was trained on a language (ISO 639-1), so that meaning can be trusted there."""
        ...

    def count_tokens(self, text: str) -> int:
        """Count a text's tokens, without the special ones."""
        ...

    async def embed(
        self, texts: Sequence[str], *, role: Role = "passage", lane: Lane = "query"
    ) -> NDArray[np.float32]:
        """Give one unit vector a text, shape (len(texts), dimensions); raises EncoderUnavailable."""
        ...

    async def embed_tokens(
        self, texts: Sequence[str], *, role: Role = "passage", lane: Lane = "query"
    ) -> list[Tokens]:
        """Give the vector of each token, for late interaction; a long text is cut at `tokens_max`.

        Raises TokensUnavailable when this encoder gives none.
        """
        ...

    async def close(self) -> None:
        """Give threads and memory back."""
        ...
