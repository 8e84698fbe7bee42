"""Answers that may have so many tokens at most, where the model itself knows no such bound."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from typing import cast

from mainstay.transports.compatible.openai.talk import Cited, Part, Said

CHARACTERS_PER_TOKEN = 4
"""A token is counted as so many characters where no tokenizer is asked."""


def tokens_of(text: str) -> int:
    """Count a text's tokens."""
    return -(-len(text) // CHARACTERS_PER_TOKEN)


def cut(said: Said, tokens_max: int | None) -> Said:
    """Cut an answer after so many tokens, as the protocol's generators do; what is cut off is not cited."""
    if tokens_max is None or said.tokens_out <= tokens_max:
        return said
    text = said.text[: CHARACTERS_PER_TOKEN * tokens_max]
    cited = [
        replace(each, end=min(each.end, len(text)))
        for each in said.cited
        if isinstance(each, Cited) and each.start < len(text)
    ]
    return replace(said, text=text, reason="length", tokens_out=tokens_max, cited=cited)


async def cut_pieces(pieces: AsyncIterator[Part], tokens_max: int | None) -> AsyncGenerator[Part, None]:
    """Cut an answer that comes piece by piece; it is heard to its end, to be whole where it is kept."""
    shown = 0
    async with aclosing(cast("AsyncGenerator[Part, None]", pieces)) as coming:
        async for piece in coming:
            if piece.said is not None:
                yield replace(piece, said=cut(piece.said, tokens_max))
            elif tokens_max is None:
                yield piece
            elif text := piece.text[: CHARACTERS_PER_TOKEN * tokens_max - shown]:
                shown += len(text)
                yield replace(piece, text=text)
