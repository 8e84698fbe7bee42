"""Reads a dictionary in dictd's format (RFC 2229's server): an index of headwords beside their entries.

`NAME.index` has a line a headword: the word, where its entry begins and how long it is, both in base 64, with
tabs between. `NAME.dict.dz` is the text of all entries, in gzip's format (`NAME.dict` uncompressed).
"""

import re
import zlib
from collections.abc import Iterator
from pathlib import Path

from mainstay.ports.glosses import GlossesUnavailable

FILE_BYTES_MAX = 64 * 1024 * 1024
TEXT_BYTES_MAX = 256 * 1024 * 1024
WORDS_MAX = 2_000_000
WORD_BYTES_MAX = 64
TRANSLATION_LETTERS_MAX = 40

_DIGITS = {
    ord(digit): value
    for value, digit in enumerate("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
}
_GZIP = 16 + zlib.MAX_WBITS
_READ_BYTES = 64 * 1024
_UNPACKED_BYTES = 1024 * 1024

_MARKS = re.compile(
    r"<[^<>]*>|\[[^\[\]]*\]|\([^()]*\)|\{[^{}]*\}|^\s*(?:\d{1,2}|[a-z])[.)]\s|\b(?:sb|sth|etc|esp)\.(?:'s)?"
)
_ABOUT = re.compile(r"\s*(?:see|synonyms?|note|antonyms?|cf)\b\s*:", re.IGNORECASE)
_PARTS = re.compile(r"[,;]")
_LABEL = re.compile(r"\s*(?:\d{1,2}\.\s*)?\[")
_AROUND = " .!?:…'\"()[]{}<>"
_HEAD_BYTES_MAX = 240
_PARTS_MAX = 4
_LENGTH_USUAL = 400
_LENGTH_SHARE_MAX = 4.0

Entry = tuple[str, int, bytes]
"""A headword, how long its whole entry is (in bytes), and the lines with its translations."""


def entries(index: Path) -> Iterator[Entry]:
    """Give each single word of a dictionary with its entry, a word as often as it stands there.

    Lines that are damaged are passed over; raises GlossesUnavailable when the files cannot be read or are
    larger than a dictionary can be.
    """
    lines = _file(index).split(b"\n")
    if len(lines) > WORDS_MAX:
        raise GlossesUnavailable(f"{index} has over {WORDS_MAX:,} headwords; take it out of the folder.")
    text = _text(index)
    for line in lines:
        word, _, place = line.partition(b"\t")
        if b" " in word or not 0 < len(word) <= WORD_BYTES_MAX or word.startswith(b"00"):
            continue
        digits = place.split(b"\t")
        if len(digits) < 2:  # noqa: PLR2004 - where it begins, how long it is
            continue
        start, length = _number(digits[0]), _number(digits[1])
        if start < 0 or length < 1 or start + length > len(text):
            continue
        body = text.find(b"\n", start, start + length) + 1  # its first line is the headword's own
        if body:
            head = text[body : min(start + length, body + _HEAD_BYTES_MAX)]
            yield word.decode("utf-8", "replace"), length, head.partition(b"\n  ")[0]


def _number(digits: bytes) -> int:
    value = 0
    if not 0 < len(digits) <= 8:  # noqa: PLR2004 - 48 bits are more than any file has
        return -1
    for digit in digits.strip():
        place = _DIGITS.get(digit)
        if place is None:
            return -1
        value = value * 64 + place
    return value


def senses(length: int, head: bytes) -> dict[str, float]:
    """Give the translations in an entry with what speaks for each; grammar and examples fall away.

    A long entry, with many examples, is that of a common sense. What has a label ([naut.], [coll.]) is a
    special sense, and later ones are rarer.
    """
    found: dict[str, float] = {}
    weight = 1.0 + min(length / _LENGTH_USUAL, _LENGTH_SHARE_MAX)
    for line in head.decode("utf-8", "replace").split("\n"):
        if _ABOUT.match(line):
            break
        share = weight * (0.3 if _LABEL.match(line) else 1.0)
        for place, part in enumerate(_PARTS.split(_MARKS.sub(" ", line), _PARTS_MAX)[:_PARTS_MAX]):
            told = " ".join(part.split()).strip(_AROUND)
            if 0 < len(told) <= TRANSLATION_LETTERS_MAX and any(map(str.isalpha, told)):
                found[told] = max(found.get(told, 0.0), share / (1 + place))
        weight *= 0.7
    return found


def _file(path: Path) -> bytes:
    try:
        if path.stat().st_size > FILE_BYTES_MAX:
            raise GlossesUnavailable(
                f"{path} is larger than {FILE_BYTES_MAX:,} bytes; take it out of the folder."
            )
        return path.read_bytes()
    except OSError as problem:
        raise GlossesUnavailable(f"{path} cannot be read: {problem.strerror}.") from problem


def _text(index: Path) -> bytes:
    plain, packed = index.with_suffix(".dict"), index.with_suffix(".dict.dz")
    if not packed.exists():
        return _file(plain)
    return _unpacked(_file(packed), packed)


def _unpacked(content: bytes, path: Path) -> bytes:
    """Unpack gzip members, but no more than a dictionary can have."""
    found = bytearray()
    unpacker = zlib.decompressobj(_GZIP)
    try:
        for start in range(0, len(content), _READ_BYTES):
            waiting = content[start : start + _READ_BYTES]
            while waiting:
                if unpacker.eof:  # another member follows
                    unpacker = zlib.decompressobj(_GZIP)
                found += unpacker.decompress(waiting, _UNPACKED_BYTES)
                waiting = unpacker.unused_data or unpacker.unconsumed_tail
                if len(found) > TEXT_BYTES_MAX:
                    raise GlossesUnavailable(f"{path} unpacks to over {TEXT_BYTES_MAX:,} bytes; take it out.")
    except zlib.error as problem:
        raise GlossesUnavailable(f"{path} is damaged: install it anew.") from problem
    if not unpacker.eof:
        raise GlossesUnavailable(f"{path} is cut off: install it anew.")
    return bytes(found)
