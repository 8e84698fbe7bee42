"""What a document is called when nobody says: its first heading, its file's name, its first line."""

import re

from mainstay.services.knowledge.blocks import blocks

_HEAD_CHARACTERS = 20_000
_HEADING_CHARACTERS = 500
_TITLE_LENGTH_MAX = 120
_WITH_HEADINGS = ("text/markdown", "text/html", "pdf", "wordprocessing", "presentation", "epub")
_FRONT = re.compile(r"\ufeff?---[ \t]*\r?\n(.*?)\r?\n(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.DOTALL)
_FRONT_TITLE = re.compile(r"^title:([^\r\n]*)", re.MULTILINE)
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_STRESS = re.compile(r"(\*{1,3}|(?<!\w)_{1,3}|`+)(\S(?:.*?\S)?)\1(?!\w)")
_FIRST_LINE = re.compile(r"\S[^\r\n]{0,500}")  # not all lines of a long text
_ENDING = re.compile(r"\.(?=\d{0,3}[A-Za-z])[A-Za-z0-9]{1,8}$")


def heading_of(text: str, media_type: str) -> str:
    """Give the first of a text's highest headings, or nothing when its kind of file has none.

    The sheets of a workbook, and lines of plain text that begin with `#`, are no headings.
    """
    if not any(kind in media_type for kind in _WITH_HEADINGS):
        return ""
    head = text[:_HEAD_CHARACTERS]
    front = _FRONT.match(head)
    if front:
        told = _FRONT_TITLE.search(front.group(1))
        if told and (title := _unquoted(told.group(1)[:_HEADING_CHARACTERS].strip())):
            return shortened(title)
        head = head[front.end() :]
    headings = [(block.level, block.title) for block in blocks(head) if block.kind == "heading"]
    shown = [(level, title) for level, raw in headings if any(map(str.isalnum, title := _plain(raw)))]
    return shortened(min(shown, key=lambda heading: heading[0])[1]) if shown else ""


def _unquoted(value: str) -> str:
    quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'"
    return value[1:-1].strip() if quoted else value


def name_of(file_name: str) -> str:
    """Give a file's name as a title: without its ending, with spaces for underscores."""
    stem = _ENDING.sub("", file_name).replace("_", " ").strip()
    return stem or file_name


def first_line(text: str) -> str:
    """Give the first line that is not blank, without the marks of a heading."""
    found = _FIRST_LINE.search(text)
    line = found.group().strip() if found else ""
    return shortened(line.lstrip("# ").strip() or line)


def shortened(title: str) -> str:
    """Cut a title that is too long between two words."""
    return title if len(title) <= _TITLE_LENGTH_MAX else title[:_TITLE_LENGTH_MAX].rsplit(" ", 1)[0] + " …"


def _plain(heading: str) -> str:
    """Take links and stress out of a heading."""
    return " ".join(_STRESS.sub(r"\2", _LINK.sub(r"\1", heading[:_HEADING_CHARACTERS])).split())
