"""Reads each kind of file to Markdown; runs inside a child process only."""

import email.policy
import email.utils
import html
import re
from collections.abc import Callable, Mapping
from email.message import EmailMessage
from email.parser import BytesParser
from typing import Any

import kreuzberg

from mainstay.engines.parsers import plain
from mainstay.engines.parsers.archives import check_zip
from mainstay.engines.parsers.kinds import (
    IMAGES,
    OCR_ADVICE,
    Kind,
    PagesAreImages,
    kind_of,
    needs_ocr,
    opened,
    unsupported,
)
from mainstay.engines.parsers.pdf import page_images, read_pdf
from mainstay.engines.parsers.unsaid import says_something, title_of
from mainstay.ports.parsers import FileTooLarge, FileUnreadable, Parsed

Ocr = Callable[[bytes], str]
Value = str | int | float | bool | list[str]

_HEAD = re.compile(r"<head\b[^>]*>.*?</head\s*>", re.IGNORECASE | re.DOTALL)
_TITLE = re.compile(r"<title\b[^>]*>(.{0,2000}?)</title\s*>", re.IGNORECASE | re.DOTALL)
_NAV = re.compile(r"<nav\b[^>]*>.*?</nav\s*>", re.IGNORECASE | re.DOTALL)
_CONFIG = kreuzberg.ExtractionConfig(
    output_format="markdown", use_cache=False, enable_quality_processing=False
)
_KEPT = (
    "authors",
    "created_at",
    "modified_at",
    "language",
    "subject",
    "keywords",
    "sheet_names",
    "page_count",
)
_OFTEN_UNSAID = frozenset({"author", "authors", "subject", "keywords"})
_VALUE_CHARACTERS_MAX = 1000
_VALUES_MAX = 100
_ENCRYPTED_OFFICE = "EncryptedPackage".encode("utf-16-le")
_RECOGNISED = "The text was recognised in images and may hold mistakes."


def read(content: bytes, name: str, media_type: str | None, characters_max: int, ocr: Ocr | None) -> Parsed:
    """Read a file of any kind; raises the failures of ports.parsers."""
    kind = kind_of(content, name, media_type)
    if kind.name == "zip":
        kind = opened(check_zip(content), name, media_type)
    text, title, metadata, warnings = _read(kind, content, name, characters_max, ocr)
    if len(text) > characters_max:
        raise FileTooLarge(f"The file holds {len(text)} characters; at most {characters_max}. Split it.")
    if not text.strip():
        raise FileUnreadable("No text was found in the file; it is empty, or nested too deeply to be read.")
    title = title_of((title or "")[:_VALUE_CHARACTERS_MAX])
    return Parsed(text, title, kind.media_type, _tidy(metadata), tuple(warnings))


_Read = tuple[str, str | None, dict[str, Any], list[str]]


def _read(kind: Kind, content: bytes, name: str, characters_max: int, ocr: Ocr | None) -> _Read:
    if kind.textual:
        return _read_textual(kind, content)
    if kind.name == "pdf":
        return _read_pdf(content, characters_max, ocr)
    if kind.name in IMAGES:
        if ocr is None:
            raise needs_ocr(kind, name)
        return ocr(content), None, {}, [_RECOGNISED]
    if kind.name in {"docx", "pptx", "xlsx", "epub"}:
        return _read_office(kind, content)
    if kind.name == "ole" and _ENCRYPTED_OFFICE in content:
        raise FileUnreadable("The file is encrypted; save it without a password and send it again.")
    raise unsupported(kind, name)


def _read_textual(kind: Kind, content: bytes) -> _Read:
    if kind.name == "email":
        return _read_email(content)
    text, warnings = plain.decode(content, html=kind.name == "html")
    if kind.name == "html":
        markdown, title = _from_html(text)
        return markdown, title, {}, warnings
    if kind.name == "csv":
        text = plain.table(text)
    elif kind.name == "tsv":
        text = plain.table(text, "\t")
    elif kind.name == "json":
        text = plain.json_text(text)
    elif kind.name == "jsonl":
        text = plain.json_lines_text(text)
    return text, None, {}, warnings


def _read_pdf(content: bytes, characters_max: int, ocr: Ocr | None) -> _Read:
    text, title, metadata, warnings = read_pdf(content, characters_max)
    if text.strip():
        return text, title, metadata, warnings
    if ocr is None:
        raise PagesAreImages(
            f"The PDF's {metadata['page_count']} pages hold no text, only images. {OCR_ADVICE}"
        )
    text = "\n\n".join(ocr(image) for image in page_images(content))
    return text, title, metadata, [*warnings, _RECOGNISED]


def _read_office(kind: Kind, content: bytes) -> _Read:
    text, metadata, warnings = _convert(content, kind.media_type)
    if any(line.count(" | ") >= plain.COLUMNS_MAX for line in text.splitlines()):
        raise FileTooLarge(f"A table has more than {plain.COLUMNS_MAX} columns; split it.")
    title = metadata.get("title")
    return text, title if isinstance(title, str) else None, metadata, warnings


def _from_html(text: str) -> tuple[str, str | None]:
    title = _TITLE.search(text)
    body = _NAV.sub("", _HEAD.sub("", text, count=1))
    markdown = _convert(body.encode("utf-8", "replace"), "text/html")[0]
    return markdown, html.unescape(title.group(1)) if title else None


def _convert(content: bytes, media_type: str) -> tuple[str, dict[str, Any], list[str]]:
    try:
        result = kreuzberg.extract_bytes_sync(content, media_type, _CONFIG)
    except kreuzberg.KreuzbergError as error:
        if "password" in str(error).lower() or "encrypt" in str(error).lower():
            raise FileUnreadable("The file is encrypted; save it without a password.") from error
        raise FileUnreadable("The file is damaged and cannot be read; save it anew.") from error
    warnings = [str(warning.message)[:_VALUE_CHARACTERS_MAX] for warning in result.processing_warnings or []]
    return result.content, dict(result.metadata), warnings


def _read_email(content: bytes) -> _Read:
    message = BytesParser(EmailMessage, policy=email.policy.default).parsebytes(content)
    metadata: dict[str, Any] = {}
    for header in ("subject", "from", "to", "cc", "date"):
        value = str(message.get(header, "")).strip()
        if value:
            metadata[header] = value
    if not metadata:
        raise FileUnreadable("The e-mail has no subject, sender, recipient or date; is it an e-mail?")
    names = [part.get_filename() or "unnamed" for part in message.iter_attachments()]
    body = message.get_body(("plain", "html"))
    text = ""
    if body is not None:
        raw = body.get_payload(decode=True)
        text = _decoded(raw if isinstance(raw, bytes) else b"", body.get_content_charset())
        if body.get_content_subtype() == "html":
            text = _from_html(text)[0]
    head = [f"# {metadata['subject']}"] if "subject" in metadata else []
    lines = [f"{key.title()}: {metadata[key]}" for key in ("from", "to", "cc", "date") if key in metadata]
    tail = [f"Attachments: {', '.join(names)}"] if names else []
    metadata |= {"attachments": names, "date": _iso(metadata.get("date", ""))}
    warnings = [f"{len(names)} attachments were named but not read."] if names else []
    parts = [*head, "  \n".join(lines), text.strip(), *tail]
    return "\n\n".join(part for part in parts if part), metadata.get("subject"), metadata, warnings


def _iso(date: str) -> str:
    """Write an e-mail's date as filters compare it; one that cannot be read stays as it is."""
    try:
        return email.utils.parsedate_to_datetime(date).isoformat()
    except ValueError:
        return date


def _decoded(raw: bytes, charset: str | None) -> str:
    try:
        return raw.decode(charset or "utf-8").replace("\r\n", "\n")
    except (LookupError, UnicodeError):
        return plain.decode(raw)[0].replace("\r\n", "\n")


def _tidy(metadata: Mapping[str, Any]) -> dict[str, Value]:
    tidy: dict[str, Value] = {}
    for key in (*_KEPT, "author", "from", "to", "cc", "date", "attachments"):
        value = metadata.get(key)
        if isinstance(value, str) and value:
            told = value[:_VALUE_CHARACTERS_MAX]
            if key not in _OFTEN_UNSAID or says_something(told):
                tidy[key] = told
        elif isinstance(value, list):
            many = [str(inner)[:_VALUE_CHARACTERS_MAX] for inner in value[:_VALUES_MAX]]
            told_all = [told for told in many if key not in _OFTEN_UNSAID or says_something(told)]
            if told_all:
                tidy[key] = told_all
        elif isinstance(value, int | float):
            tidy[key] = value
    return tidy
