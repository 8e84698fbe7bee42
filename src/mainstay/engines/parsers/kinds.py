"""Which kind of file this is: told from its bytes, and held against what its name and media type claim."""

import re
from dataclasses import dataclass

from mainstay.ports.parsers import FileKindUnsupported, FileUnreadable

_HEAD_BYTES = 8192
_BLANKS = b" \t\r\n\x00"
_CONTROLS = bytes({*range(32)} - {8, 9, 10, 12, 13, 27})
_CONTROLS_SHARE_MAX = 0.02
_UTF16_NULS_SHARE_MIN = 0.3
_OPEN_XML = "application/vnd.openxmlformats-officedocument."


class PagesAreImages(FileUnreadable):
    """A PDF without any text, which only OCR can read."""

    title = "The file holds pictures of pages, and no text"


@dataclass(frozen=True)
class Kind:
    """A kind of file; `textual` ones look alike in their bytes, so the name picks between them."""

    name: str
    label: str
    media_type: str
    endings: tuple[str, ...]
    aliases: tuple[str, ...] = ()
    textual: bool = False


KINDS = {
    kind.name: kind
    for kind in (
        Kind("pdf", "a PDF", "application/pdf", ("pdf",), ("application/x-pdf",)),
        Kind("docx", "a Word document", f"{_OPEN_XML}wordprocessingml.document", ("docx", "docm")),
        Kind("pptx", "a PowerPoint file", f"{_OPEN_XML}presentationml.presentation", ("pptx", "pptm")),
        Kind("xlsx", "an Excel file", f"{_OPEN_XML}spreadsheetml.sheet", ("xlsx", "xlsm")),
        Kind("epub", "an EPUB book", "application/epub+zip", ("epub",)),
        Kind("zip", "a ZIP archive", "application/zip", ("zip",), ("application/x-zip-compressed",)),
        Kind("ole", "an old Office file", "application/msword", ("doc", "xls", "ppt", "msg")),
        Kind("png", "a PNG image", "image/png", ("png",)),
        Kind("jpeg", "a JPEG image", "image/jpeg", ("jpg", "jpeg"), ("image/jpg",)),
        Kind("tiff", "a TIFF image", "image/tiff", ("tif", "tiff")),
        Kind("gif", "a GIF image", "image/gif", ("gif",)),
        Kind("bmp", "a BMP image", "image/bmp", ("bmp",)),
        Kind("webp", "a WebP image", "image/webp", ("webp",)),
        Kind("rtf", "an RTF document", "application/rtf", ("rtf",), ("text/rtf",)),
        Kind("gzip", "a gzip archive", "application/gzip", ("gz", "tgz"), ("application/x-gzip",)),
        Kind("program", "a program", "application/x-executable", ("exe", "dll", "so", "bin")),
        Kind("binary", "binary data", "application/octet-stream", ()),
        Kind("html", "an HTML page", "text/html", ("html", "htm", "xhtml"), ("application/xhtml+xml",), True),
        Kind("markdown", "Markdown", "text/markdown", ("md", "markdown"), ("text/x-markdown",), True),
        Kind("csv", "a CSV table", "text/csv", ("csv",), ("application/csv",), True),
        Kind("tsv", "a TSV table", "text/tab-separated-values", ("tsv", "tab"), (), True),
        Kind("json", "JSON", "application/json", ("json",), (), True),
        Kind(
            "jsonl", "JSON lines", "application/jsonl", ("jsonl", "ndjson"), ("application/x-ndjson",), True
        ),
        Kind("email", "an e-mail", "message/rfc822", ("eml",), (), True),
        Kind("text", "plain text", "text/plain", ("txt", "text", "log"), (), True),
    )
}
IMAGES = frozenset({"png", "jpeg", "tiff", "gif", "bmp", "webp"})

_NEVER_TEXT = frozenset({"program", "binary"})
"""Kinds without a text: that a name says the one of the other is not worth telling."""

OCR_ADVICE = "To read images, install the extra for it: pip install '.[ocr]' in the checkout"

_MAGIC = (
    (b"%PDF-", "pdf"),
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"II*\x00", "tiff"),
    (b"MM\x00*", "tiff"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"{\\rtf", "rtf"),
    (b"\x1f\x8b", "gzip"),
    (b"\x7fELF", "program"),
    (b"MZ", "program"),
    (b"\xcf\xfa\xed\xfe", "program"),
)
_HTML = re.compile(
    rb"\s*(?:<!--.*?-->\s*|<\?xml[^>]*>\s*)*<(?:!doctype\s+html|html)\b", re.IGNORECASE | re.DOTALL
)
_BY_ENDING = {ending: kind for kind in KINDS.values() for ending in kind.endings}
_BY_MEDIA_TYPE = {
    media_type: kind for kind in KINDS.values() for media_type in (kind.media_type, *kind.aliases)
}
_UNTOLD = {"application/octet-stream", "binary/octet-stream", ""}


def kind_of(content: bytes, name: str, media_type: str | None) -> Kind:
    """Give the kind; a ZIP stays `zip` until `opened` has looked inside.

    Raises FileUnreadable when the file is empty or not what its name or media type says.
    """
    if not (content[:_HEAD_BYTES].strip(_BLANKS) or content.strip(_BLANKS)):
        raise FileUnreadable(f"{_shown(name)} is empty.")
    found = KINDS[_sniffed(content)]
    claims = _claims(name, media_type)
    if found.name == "zip":
        return found
    if found.textual:
        textual = [kind for kind in claims if kind.textual]
        _refuse_lies(found, [kind for kind in claims if not kind.textual], name)
        return textual[0] if textual else found
    same = _NEVER_TEXT if found.name in _NEVER_TEXT else {found.name}
    _refuse_lies(found, [kind for kind in claims if kind.name not in same], name)
    return found


def opened(inside: frozenset[str], name: str, media_type: str | None) -> Kind:
    """Give the kind of a ZIP from the names of its members."""
    found = KINDS["zip"]
    for member, kind in (
        ("word/document.xml", "docx"),
        ("ppt/presentation.xml", "pptx"),
        ("xl/workbook.xml", "xlsx"),
        ("META-INF/container.xml", "epub"),
    ):
        if member in inside:
            found = KINDS[kind]
            break
    _refuse_lies(
        found, [kind for kind in _claims(name, media_type) if kind not in (found, KINDS["zip"])], name
    )
    return found


def needs_ocr(kind: Kind, name: str) -> FileKindUnsupported:
    """Say how to get the part that reads images."""
    return FileKindUnsupported(f"{_shown(name)} is {kind.label}. {OCR_ADVICE}")


def unsupported(kind: Kind, name: str) -> FileKindUnsupported:
    """Say what to do with a file that no parser reads."""
    advice = {
        "ole": "save it in the present format (.docx, .xlsx, .pptx)",
        "rtf": "save it as .docx",
        "zip": "unpack it and send the files in it",
        "gzip": "unpack it and send the files in it",
    }.get(kind.name, "send its text, for example as .txt, .md, .html, .docx or .pdf")
    return FileKindUnsupported(f"{_shown(name)} is {kind.label}, which cannot be read; {advice}.")


def _sniffed(content: bytes) -> str:
    head = content[:_HEAD_BYTES]
    for magic, kind in _MAGIC:
        if head.startswith(magic) and not (kind == "program" and magic == b"MZ" and b"\0" not in head):
            return kind
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "webp"
    if head.startswith(b"BM") and b"\0" in head:
        return "bmp"
    if b"%PDF-" in head[:1024]:
        return "pdf"
    if not _is_text(head):
        return "binary"
    return "html" if _HTML.match(head) else "text"


def _is_text(head: bytes) -> bool:
    if head.startswith((b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")) or utf16_without_mark(head):
        return True
    controls = len(head) - len(head.translate(None, _CONTROLS))
    return b"\0" not in head and controls <= len(head) * _CONTROLS_SHARE_MAX


def utf16_without_mark(head: bytes) -> str:
    """Give utf-16-le or utf-16-be when every other byte is mostly zero, else nothing."""
    for encoding, zeros, others in (
        ("utf-16-le", head[1::2], head[::2]),
        ("utf-16-be", head[::2], head[1::2]),
    ):
        if zeros and zeros.count(0) > len(zeros) * _UTF16_NULS_SHARE_MIN and 0 not in others:
            return encoding
    return ""


def _claims(name: str, media_type: str | None) -> list[Kind]:
    _, dot, ending = name.rpartition(".")
    told = (media_type or "").partition(";")[0].strip().lower()
    claims = [_BY_ENDING[ending.lower()]] if dot and ending.lower() in _BY_ENDING else []
    if told not in _UNTOLD and told in _BY_MEDIA_TYPE:
        claims.append(_BY_MEDIA_TYPE[told])
    return claims


def _refuse_lies(found: Kind, lies: list[Kind], name: str) -> None:
    if lies:
        raise FileUnreadable(
            f"{_shown(name)} should be {lies[0].label}, but its bytes are {found.label}; "
            "send it with its right name and media type."
        )


def _shown(name: str) -> str:
    return f"The file {name[:200]!r}" if name else "The file"
