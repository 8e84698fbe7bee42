"""Forms: fields that are lists travel as JSON in one part, or an item a part, as OpenAPI has it."""

from collections.abc import AsyncIterator

import pytest

from mainstay.transports.rest.forms import list_text, only, read_form
from mainstay.transports.rest.problems import MessageMalformed


async def sent(*fields: tuple[str, str]) -> AsyncIterator[bytes]:
    for name, text in fields:
        yield f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n'.encode()
    yield b"--b--\r\n"


@pytest.mark.parametrize(
    ("texts", "expected"),
    [(["one"], '["one"]'), (["one", "two"], '["one", "two"]'), (['["one", "two"]'], '["one", "two"]')],
)
async def test_a_list_comes_in_either_form(texts: list[str], expected: str) -> None:
    chunks = sent(*(("groups", text) for text in texts))
    parts, file = await read_form(chunks, "multipart/form-data; boundary=b", "file")
    assert file is None
    assert list_text(parts["groups"]) == expected


async def test_any_other_field_comes_once() -> None:
    parts, _ = await read_form(
        sent(("title", "a"), ("title", "b")), "multipart/form-data; boundary=b", "file"
    )
    with pytest.raises(MessageMalformed, match="twice"):
        only(parts["title"])
