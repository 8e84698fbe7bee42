"""How long texts are for the encoder, and vectors of those that it cannot read at once."""

import asyncio
import re
from collections.abc import Sequence

import numpy as np

from mainstay.ports.encoder import Encoder, Lane, Role
from mainstay.services.language.vectors import Matrix

_COUNTED = 4_000
_PIECE = re.compile(r"(?s).{1,4000}(?:(?=\s)|$)|.{4000}")
_SPECIAL = 2  # tokens that most encoders put around a text
FEW = 16
_USUAL = 4  # characters of a token in prose


def room(encoder: Encoder) -> int:
    """Give the number of tokens of a text that an encoder reads."""
    return encoder.tokens_max - _SPECIAL


def counted(encoder: Encoder, texts: Sequence[str]) -> list[int]:
    """Count each text's tokens, piece by piece: a tokenizer holds the interpreter's lock."""
    count = encoder.count_tokens
    return [count(text) if len(text) <= _COUNTED else sum(map(count, _PIECE.findall(text))) for text in texts]


async def overlong(encoder: Encoder, texts: Sequence[str]) -> list[int]:
    """Say which texts, from 0, are longer than an encoder reads."""
    most = room(encoder)
    # Most texts are so short that nothing needs to be counted: no token of ASCII is shorter than a character.
    unsure = [place for place, text in enumerate(texts) if len(text) >= most or not text.isascii()]
    if not unsure:
        return []
    counts = await asyncio.to_thread(counted, encoder, [texts[place] for place in unsure])
    return [place for place, count in zip(unsure, counts, strict=True) if count > most]


async def whole(
    encoder: Encoder,
    texts: Sequence[str],
    few: int = FEW,
    *,
    role: Role = "passage",
    long: Sequence[int] | None = None,
) -> Matrix:
    """Give one unit vector a text; a long one's is the mean of its parts', weighted by their length.

    `long` are the places of the long ones, where whoever asks has counted.
    """
    long = await overlong(encoder, texts) if long is None else long
    if not long:
        return await encoder.embed(texts, role=role, lane=lane_of(texts, few))
    cut = [[text] for text in texts]
    for place in long:
        cut[place] = await asyncio.to_thread(_parts, encoder, texts[place])
    parts = [part for some in cut for part in some]
    vectors = await encoder.embed(parts, role=role, lane=lane_of(parts, few))
    weights = np.asarray([len(part) for part in parts], np.float32)[:, np.newaxis]
    begins = np.cumsum([0, *map(len, cut[:-1])])
    sums = np.add.reduceat(vectors * weights, begins)
    result: Matrix = sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-12)
    return result


def lane_of(texts: Sequence[str], few: int = FEW) -> Lane:
    """Give the lane in which so many texts hold nobody up."""
    return "query" if len(texts) <= few else "ingest"


def _parts(encoder: Encoder, text: str) -> list[str]:
    """Cut a text between words into parts that an encoder reads whole."""
    size = room(encoder) * _USUAL
    parts, place = [], 0
    while place < len(text):
        end = _end(text, place, place + size)
        parts += _halved(encoder, text[place:end])
        place = end
    return parts


def _halved(encoder: Encoder, part: str) -> list[str]:
    if len(part) == 1 or encoder.count_tokens(part) <= room(encoder):
        return [part]
    middle = _end(part, 0, len(part) // 2)
    return [*_halved(encoder, part[:middle]), *_halved(encoder, part[middle:])]


def _end(text: str, begin: int, end: int) -> int:
    """Say where a part ends, at `end` at the latest: after a blank in its latter half, if there is one."""
    if end >= len(text):
        return len(text)
    blank = max(text.rfind(mark, (begin + end) // 2, end) for mark in " \n")
    return blank + 1 if blank >= 0 else end
