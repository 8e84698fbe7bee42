"""PDF: headings by the size of their letters, tables by their rules or columns, paragraphs by their gaps."""

import io
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pdfplumber
from pdfplumber.page import Page

from mainstay.engines.parsers.plain import markdown_table
from mainstay.engines.parsers.unsaid import date_of
from mainstay.ports.parsers import FileTooLarge, FileUnreadable

PAGES_MAX = 5000
_OCR_DOTS_PER_INCH = 200
_LEVELS_MAX = 4
_HEADING_RATIO = 1.12
_HEADING_CHARACTERS_MAX = 200
_PARAGRAPH_GAP = 1.75  # in letter sizes, from one line's top to the next
_HEADING_GAP = 1.4
_COLUMN_GAP = 1.2  # in letter sizes, between words
_CELL_WORDS_MAX = 6
_TABLE_LINES_MIN = 2
_EDGE_SHARE = 0.08
_EDGE_PAGES_MIN = 4
_EOF_WITHIN_BYTES = 4096
_SPACE_RATIO = 0.16  # of a letter's size: what parts two words
_BULLET = re.compile(r"^[•◦▪●‣·–]\s*")
_DIGITS = re.compile(r"\d+")


@dataclass
class _Line:
    page: int
    top: float
    size: float
    cells: list[tuple[float, float, str]] = field(default_factory=list)
    table: str = ""
    edge: bool = False

    @property
    def text(self) -> str:
        return " ".join(cell[2] for cell in self.cells)


def read_pdf(content: bytes, characters_max: int) -> tuple[str, str | None, dict[str, Any], list[str]]:
    """Give text, title, metadata and warnings; an empty text means that the pages are images.

    Raises FileUnreadable when it is encrypted, cut short, damaged or without pages.
    """
    if b"%%EOF" not in content[-_EOF_WITHIN_BYTES:]:
        raise FileUnreadable("The PDF is cut short: its end is missing; send it again.")
    try:
        with pdfplumber.open(io.BytesIO(content)) as document:
            count = _page_count(document.pages)
            lines = list(_lines(document.pages, characters_max))
            about = document.metadata
    except (FileTooLarge, FileUnreadable):
        raise
    except Exception as error:  # the library raises whatever a damaged file leads it to
        if "Password" in f"{error!r} {error.__cause__!r} {error.__context__!r}":
            raise FileUnreadable("The PDF is encrypted; save it without a password.") from error
        raise FileUnreadable("The PDF is damaged and cannot be read; save it anew.") from error
    metadata: dict[str, Any] = {"page_count": count}
    for key, name in (("Author", "author"), ("Subject", "subject"), ("CreationDate", "created_at")):
        if isinstance(about.get(key), str):
            metadata[name] = date_of(about[key]) if name == "created_at" else about[key]
    title = about.get("Title")
    text = "\n\n".join(_blocks(_without_edges(lines, count)))
    return text, title if isinstance(title, str) else None, metadata, []


def page_images(content: bytes) -> Iterator[bytes]:
    """Draw each page as a PNG of 200 dots an inch, for OCR."""
    with pdfplumber.open(io.BytesIO(content)) as document:
        for page in document.pages:
            file = io.BytesIO()
            page.to_image(resolution=_OCR_DOTS_PER_INCH).original.save(file, "PNG")
            yield file.getvalue()
            page.close()


def _page_count(pages: list[Page]) -> int:
    if not pages:
        raise FileUnreadable("The PDF has no pages; it may be damaged.")
    if len(pages) > PAGES_MAX:
        raise FileTooLarge(f"The PDF has {len(pages)} pages; at most {PAGES_MAX} are read. Split it.")
    return len(pages)


def _lines(pages: list[Page], characters_max: int) -> Iterator[_Line]:
    characters = 0
    for number, page in enumerate(pages):
        for line in _page_lines(page, number):
            characters += len(line.text) + len(line.table)
            if characters > characters_max:
                raise FileTooLarge(f"The PDF holds more than {characters_max} characters. Split it.")
            yield line
        page.close()


def _page_lines(page: Page, number: int) -> Iterator[_Line]:
    tables = [(table.bbox, table.extract()) for table in page.find_tables()]
    tables = [(box, rows) for box, rows in tables if len(rows) > 1 and len(rows[0]) > 1]
    shown: set[int] = set()
    line: _Line | None = None
    last: dict[str, Any] = {}
    words = page.extract_words(extra_attrs=["size"], use_text_flow=True, x_tolerance_ratio=_SPACE_RATIO)
    for word in words:
        inside = _inside(word, [box for box, _ in tables])
        if inside is not None:
            if inside not in shown:
                shown.add(inside)
                if line:
                    yield line
                yield _Line(number, word["top"], 0, table=markdown_table(tables[inside][1]))
                line = None
            continue
        size = word["size"] or 1
        gap = word["x0"] - last.get("x1", 0)
        same = line and abs(word["bottom"] - last["bottom"]) < size / 2 and gap > -size
        if line is None or not same:
            if line:
                yield line
            middle = (word["top"] + word["bottom"]) / 2 / max(page.height, 1)
            edge = not _EDGE_SHARE < middle < 1 - _EDGE_SHARE
            line = _Line(number, word["top"], round(size, 1), edge=edge)
        if line.cells and gap < size * _COLUMN_GAP:
            start, _, text = line.cells.pop()
            line.cells.append((start, word["x1"], f"{text} {word['text']}"))
        else:
            line.cells.append((word["x0"], word["x1"], word["text"]))
        last = word
    if line:
        yield line


def _inside(word: dict[str, Any], boxes: list[tuple[float, float, float, float]]) -> int | None:
    across, down = (word["x0"] + word["x1"]) / 2, (word["top"] + word["bottom"]) / 2
    for number, (left, top, right, bottom) in enumerate(boxes):
        if left <= across <= right and top <= down <= bottom:
            return number
    return None


def _without_edges(lines: list[_Line], pages: int) -> list[_Line]:
    """Drop running heads and feet: lines at the edge that most pages repeat, numbers aside."""
    if pages < _EDGE_PAGES_MIN:
        return lines
    seen = Counter(
        shape for _, shape in {(line.page, _DIGITS.sub("0", line.text)) for line in lines if line.edge}
    )
    return [
        line
        for line in lines
        if not line.edge or seen[_DIGITS.sub("0", line.text)] <= pages / 2 or line.table
    ]


def _blocks(lines: list[_Line]) -> Iterator[str]:
    weights: Counter[float] = Counter()
    for line in lines:
        weights[line.size] += len(line.text)
    body = weights.most_common(1)[0][0] if weights else 0
    above = sorted((size for size in weights if size > body * _HEADING_RATIO), reverse=True)
    levels = {size: min(level, _LEVELS_MAX) for level, size in enumerate(above, 1)}
    at = 0
    while at < len(lines):
        line = lines[at]
        columns = _columns(lines, at)
        stop = at + 1
        if line.table:
            yield line.table
        elif columns:
            stop = at + columns
            yield markdown_table([[cell[2] for cell in row.cells] for row in lines[at:stop]])
        else:
            heading = line.size in levels and len(line.text) <= _HEADING_CHARACTERS_MAX
            gap = _HEADING_GAP if heading else _PARAGRAPH_GAP
            while stop < len(lines) and _continues(lines[stop - 1], lines[stop], gap):
                if _columns(lines, stop):
                    break
                stop += 1
            text = _joined([each.text for each in lines[at:stop]])
            yield f"{'#' * levels[line.size]} {text}" if heading else _BULLET.sub("- ", text)
        at = stop


def _columns(lines: list[_Line], at: int) -> int:
    """Give how many lines from here on form a table without rules: as many cells, one under the other."""
    first, stop = lines[at], at
    wide = len(first.cells)
    if wide < 2:  # noqa: PLR2004 - a table has two columns
        return 0
    while stop < len(lines):
        row = lines[stop]
        if row.page != first.page or len(row.cells) != wide or row.table:
            break
        aligned = all(
            one[0] < other[1] and other[0] < one[1]
            for one, other in zip(lines[stop - 1 if stop > at else at].cells, row.cells, strict=True)
        )
        short = sum(len(cell[2].split()) for cell in row.cells) <= _CELL_WORDS_MAX * wide
        if not (aligned and short):
            break
        stop += 1
    return stop - at if stop - at >= _TABLE_LINES_MIN else 0


def _continues(one: _Line, other: _Line, gap: float) -> bool:
    if other.table or one.table or one.size != other.size or _BULLET.match(other.text):
        return False
    down = other.top - one.top
    if one.page == other.page and 0 < down <= max(one.size, 1) * gap:
        return True
    beyond = one.page != other.page or down < 0  # the next page or column
    return (
        beyond and not one.text.rstrip().endswith((".", "!", "?", ":", "”", '"')) and other.text[:1].islower()
    )


def _joined(texts: list[str]) -> str:
    joined = texts[0]
    for text in texts[1:]:
        if joined.endswith("-") and joined[-2:-1].isalpha() and text[:1].islower():
            joined = joined[:-1] + text
        else:
            joined = f"{joined} {text}"
    return joined
