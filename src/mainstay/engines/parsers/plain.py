"""Texts without a format of their own: encodings, tables of values and JSON."""

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from mainstay.engines.parsers.kinds import utf16_without_mark
from mainstay.ports.parsers import FileTooLarge, FileUnreadable

COLUMNS_MAX = 1000
_ROWS_PER_PART = 500
_CELL_CHARACTERS_MAX = 1_000_000
_DEPTH_MAX = 100
_HEAD_BYTES = 8192
_META_CHARSET = re.compile(rb"""<meta[^>]{0,200}charset\s*=\s*["']?\s*([\w.:-]{2,40})""", re.IGNORECASE)
_MARKS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe\0\0", "utf-32-le"),
    (b"\0\0\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
_MULTIBYTE = re.compile(rb"[\xc2-\xf4][\x80-\xbf]+")


def decode(content: bytes, *, html: bool = False) -> tuple[str, list[str]]:
    """Give the text and warnings: by its mark, UTF-8, UTF-16, else Windows-1252; never fails."""
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return _replaced(content[len(mark) :], encoding)
    unmarked = utf16_without_mark(content[:_HEAD_BYTES])
    if unmarked:
        return _replaced(content, unmarked)
    try:
        return _clean(content.decode("utf-8")), []
    except UnicodeDecodeError:
        pass
    told = _META_CHARSET.search(content[:_HEAD_BYTES]) if html else None
    if told and told.group(1).lower() != b"utf-8":
        try:
            return _clean(content.decode(told.group(1).decode("ascii"))), []
        except (LookupError, UnicodeError):
            pass
    if _MULTIBYTE.search(content):
        return _by_line(content)
    text, lost = _replaced(content, "cp1252")
    return text, lost or ["The text is not UTF-8; it was read as Windows-1252."]


def _replaced(content: bytes, encoding: str) -> tuple[str, list[str]]:
    text = content.decode(encoding, "replace")
    lost = text.count("\ufffd")
    warnings = [f"{lost} characters could not be read as {encoding} and were replaced."] if lost else []
    return _clean(text), warnings


def _by_line(content: bytes) -> tuple[str, list[str]]:
    lines = []
    for line in content.splitlines(keepends=True):
        try:
            lines.append(line.decode("utf-8"))
        except UnicodeDecodeError:
            lines.append(line.decode("cp1252", "replace"))
    text = "".join(lines)
    warning = (
        "The text mixes encodings: lines that are not UTF-8 were read as Windows-1252, "
        f"and {text.count(chr(0xFFFD))} characters were replaced."
    )
    return _clean(text), [warning]


def _clean(text: str) -> str:
    return text.replace("\0", "\ufffd")


def table(text: str, delimiter: str | None = None) -> str:
    """Turn comma- or tab-separated values into Markdown tables of 500 rows, each with the header."""
    lines = text.lstrip("\ufeff\r\n")
    rows = csv.reader(io.StringIO(lines, newline=""), delimiter=delimiter or _delimiter(lines))
    csv.field_size_limit(_CELL_CHARACTERS_MAX)
    try:
        return "\n\n".join(_parts(row for row in rows if any(cell.strip() for cell in row)))
    except csv.Error as error:
        raise FileUnreadable(f"Row {rows.line_num} of the table cannot be read: {error}.") from error


def _delimiter(text: str) -> str:
    head = text[:_HEAD_BYTES].splitlines()[:10] or [""]
    return max(",;\t|", key=lambda sign: (min(line.count(sign) for line in head), head[0].count(sign)))


def _parts(rows: Iterator[list[str]]) -> Iterator[str]:
    header = next(rows, [])
    width, part = len(header), list[list[str]]()
    for row in rows:
        if len(part) == _ROWS_PER_PART:
            yield markdown_table([header, *part])
            part = []
        width = max(width, len(row))
        part.append(row)
    yield markdown_table([header, *part])


def markdown_table(rows: Iterable[Iterable[str | None]]) -> str:
    """Write rows as a Markdown table, the first as its header."""
    cells = [[_cell(cell or "") for cell in row] for row in rows]
    width = max(len(row) for row in cells)
    if width > COLUMNS_MAX:
        raise FileTooLarge(f"The table has {width} columns; at most {COLUMNS_MAX} can be read. Split it.")
    lines = [f"| {' | '.join(row + [''] * (width - len(row)))} |" for row in cells]
    lines.insert(1, "|" + " --- |" * width)
    return "\n".join(lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def json_text(text: str) -> str:
    """Write JSON as readable `key: value` lines, with a blank line between records."""
    return _records(_loaded(text, "The file"))


def json_lines_text(text: str) -> str:
    """Write JSON lines as records with a blank line between them."""
    values = [
        _loaded(line, f"Line {number}") for number, line in enumerate(text.splitlines(), 1) if line.strip()
    ]
    return _records(values)


def _loaded(text: str, what: str) -> Any:
    try:
        return json.loads(text.lstrip("\ufeff"))
    except RecursionError:
        raise FileUnreadable(f"{what} is JSON nested too deeply; at most {_DEPTH_MAX} levels.") from None
    except ValueError as error:
        raise FileUnreadable(f"{what} is not valid JSON: {error}.") from error


def _records(value: Any) -> str:
    records = value if isinstance(value, list) else [value]
    texts = ["\n".join(_fields(record, "", 0)) for record in records]
    text = ("\n\n" if any(isinstance(record, dict) for record in records) else "\n").join(texts)
    return text.encode("utf-8", "replace").decode()  # JSON can spell half a surrogate pair


def _fields(value: Any, path: str, depth: int) -> Iterator[str]:
    if depth > _DEPTH_MAX:
        raise FileUnreadable(f"The file is JSON nested too deeply; at most {_DEPTH_MAX} levels.")
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _fields(inner, f"{path}.{key}" if path else key, depth + 1)
    elif isinstance(value, list) and any(isinstance(inner, dict | list) for inner in value):
        for number, inner in enumerate(value, 1):
            yield from _fields(inner, f"{path}[{number}]", depth + 1)
    elif value is not None:
        shown = ", ".join(_scalar(inner) for inner in value) if isinstance(value, list) else _scalar(value)
        yield f"{path}: {shown}" if path else shown


def _scalar(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
