"""Files with fields beside them: multipart/form-data, read as it arrives."""

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from mainstay.kernel.dispatch import RequestInvalid
from mainstay.kernel.interface import Upload
from mainstay.transports.rest.problems import BodyTooLarge, MessageMalformed

PARTS_MAX = 128
FIELD_BYTES_MAX = 1024 * 1024
FILE_NAME_LENGTH_MAX = 255
_HEADER_BYTES_MAX = 8 * 1024
_HEADERS_MAX = 8
_BOUNDARY_LENGTH_MAX = 70


@dataclass
class Part:
    """One part of a form, as it was sent."""

    headers: dict[bytes, bytes] = field(default_factory=dict)
    content: bytearray = field(default_factory=bytearray)
    name: str = ""
    file_name: str | None = None
    media_type: str | None = None


class _Collector:
    """Gathers what the parser finds; limits hold from the first byte."""

    def __init__(self, file_field: str) -> None:
        self.parts: list[Part] = []
        self.whole = False
        self._file_field = file_field
        self._name = bytearray()
        self._value = bytearray()
        self._header_bytes = 0

    def part_begin(self) -> None:
        if len(self.parts) >= PARTS_MAX:
            raise MessageMalformed(f"A form may have {PARTS_MAX} parts at most.")
        self.parts.append(Part())
        self._header_bytes = 0

    def header_field(self, data: bytes, start: int, end: int) -> None:
        self._count(end - start)
        self._name += data[start:end]

    def header_value(self, data: bytes, start: int, end: int) -> None:
        self._count(end - start)
        self._value += data[start:end]

    def _count(self, size: int) -> None:
        self._header_bytes += size
        if self._header_bytes > _HEADER_BYTES_MAX:
            raise MessageMalformed("The headers of a part of the form are too long.")

    def header_end(self) -> None:
        headers = self.parts[-1].headers
        name = bytes(self._name).lower()
        if name in headers or len(headers) >= _HEADERS_MAX:
            raise MessageMalformed("A part of the form has a header twice, or too many.")
        headers[name] = bytes(self._value)
        self._name.clear()
        self._value.clear()

    def headers_finished(self) -> None:
        part = self.parts[-1]
        disposition, options = parse_options_header(part.headers.get(b"content-disposition"))
        if disposition != b"form-data" or b"name" not in options:
            raise MessageMalformed("Each part of the form needs `Content-Disposition: form-data; name=…`.")
        part.name = _text(options[b"name"])
        if b"filename" in options:
            part.file_name = _text(options[b"filename"])
        if b"content-type" in part.headers:
            part.media_type = part.headers[b"content-type"].decode("latin-1").strip()[:200]

    def part_data(self, data: bytes, start: int, end: int) -> None:
        part = self.parts[-1]
        part.content += data[start:end]
        if part.name != self._file_field and len(part.content) > FIELD_BYTES_MAX:
            raise BodyTooLarge(f"A field of the form may have {FIELD_BYTES_MAX} bytes at most.")

    def end(self) -> None:
        self.whole = True


def _text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise MessageMalformed("Names in a form are written in UTF-8.") from None


def _boundary(content_type: str) -> bytes:
    _, options = parse_options_header(content_type)
    boundary = options.get(b"boundary", b"")
    if not 0 < len(boundary) <= _BOUNDARY_LENGTH_MAX:
        raise MessageMalformed("The Content-Type of a form names its boundary; let your client write it.")
    return boundary


async def read_form(
    chunks: AsyncIterator[bytes], content_type: str, file_field: str
) -> tuple[dict[str, list[Part]], Part | None]:
    """Give the fields of a form by name, each as often as it was sent, and its file.

    Raises MessageMalformed, BodyTooLarge.
    """
    collector = _Collector(file_field)
    parser = MultipartParser(
        _boundary(content_type),
        {
            "on_part_begin": collector.part_begin,
            "on_header_field": collector.header_field,
            "on_header_value": collector.header_value,
            "on_header_end": collector.header_end,
            "on_headers_finished": collector.headers_finished,
            "on_part_data": collector.part_data,
            "on_end": collector.end,
        },
    )
    try:
        async for chunk in chunks:
            parser.write(chunk)
        parser.finalize()
    except FormParserError:
        raise MessageMalformed("The form is broken: its parts do not follow its boundary.") from None
    if not collector.whole:
        raise MessageMalformed("The form ends before its last boundary.")
    parts: dict[str, list[Part]] = {}
    for part in collector.parts:
        parts.setdefault(part.name, []).append(part)
    return parts, only(parts.pop(file_field)) if file_field in parts else None


def only(parts: Sequence[Part]) -> Part:
    """Give the one part of a field; raises MessageMalformed when it was sent twice."""
    if len(parts) > 1:
        raise MessageMalformed("A field of the form was sent twice.")
    return parts[0]


def list_text(parts: Sequence[Part]) -> str:
    """Give a list as JSON: as it was sent in one part, or one item in each part (as OpenAPI has it)."""
    texts = [field_text(part) for part in parts]
    return texts[0] if len(texts) == 1 and texts[0].lstrip().startswith("[") else json.dumps(texts)


def field_text(part: Part) -> str:
    """Give a field's text; raises RequestInvalid when it is no UTF-8."""
    try:
        return part.content.decode("utf-8")
    except UnicodeDecodeError:
        problem = {"field": part.name, "problem": "This is no text in UTF-8.", "got": "bytes"}
        raise RequestInvalid(f"Check these fields: {part.name}.", problems=[problem]) from None


def upload(part: Part) -> Upload:
    """Make an upload of a file's part; of its name only what stands behind the last slash counts."""
    name = (part.file_name or "").replace("\\", "/").rpartition("/")[2].strip()
    if len(name) > FILE_NAME_LENGTH_MAX or not (name or "-").isprintable():
        problem = {
            "field": part.name,
            "problem": f"A file's name has {FILE_NAME_LENGTH_MAX} printable characters at most.",
        }
        raise RequestInvalid(f"Check these fields: {part.name}.", problems=[problem])
    return Upload(name or "file", part.media_type, bytes(part.content))
