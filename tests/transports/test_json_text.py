"""Reading JSON from strangers: the fast and the patient way give the same values and the same refusals."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from mainstay.transports.rest.json_text import DEPTH_MAX, parse_json, parse_patiently, read_json
from mainstay.transports.rest.problems import MessageMalformed

WAYS = pytest.mark.parametrize("parse", [parse_json, parse_patiently])


@WAYS
@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b"{}", {}),
        (b' {"a": [1, -2, 3.5, true, false, null, "x"]} ', {"a": [1, -2, 3.5, True, False, None, "x"]}),
        (b'{"a":33.0,"b":[1e3,-0.0]}', {"a": 33, "b": [1000, 0]}),
        (b'{"a":1e300}', {"a": 1e300}),
        (b"9" * 308, 10**308 - 1),
        (b"true", True),
        (b'{"a":123456789012345678901234567890}', {"a": 123456789012345678901234567890}),
        (b'"\\ud83d\\ude00"', "😀"),
        ('"ä€😀"'.encode(), "ä€😀"),
        (b"[" * DEPTH_MAX + b"]" * DEPTH_MAX, None),
    ],
)
def test_values(parse: Callable[[bytes], Any], data: bytes, value: Any) -> None:
    parsed = parse(data)
    if value is not None:
        assert parsed == value
        assert json.dumps(parsed) == json.dumps(value)


@WAYS
@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"{} {}",
        b"{'a':1}",
        b'{"a":1,}',
        b'{"a":1,"a":2}',
        b'{"a":{"b":1,"b":2}}',
        b'{"a":NaN}',
        b'{"a":Infinity}',
        b'{"a":-Infinity}',
        b'{"a":1e999}',
        b"-1e999",
        b"9" * 309,
        b'{"a":-' + b"9" * 400 + b"}",
        b'{"a":[1,{"b":' + b"9" * 309 + b"}]}",
        b"01",
        b'"\\ud800"',
        b'{"\\udfff":1}',
        b'["\\ud800\\ud800"]',
        b'"\xff"',
        b'"\xed\xa0\x80"',
        b'"a\nb"',
        b"\xef\xbb\xbf{}",
        "{}".encode("utf-16"),
        b"[" * (DEPTH_MAX + 1) + b"]" * (DEPTH_MAX + 1),
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"9" * 5000,
    ],
)
def test_refusals(parse: Callable[[bytes], Any], data: bytes) -> None:
    with pytest.raises(MessageMalformed) as refused:
        parse(data)
    assert '"a"' not in refused.value.detail


async def test_a_large_text_is_read_beside_the_loop() -> None:
    data = json.dumps([{"id": number, "text": "x"} for number in range(20_000)]).encode()
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    task = asyncio.create_task(others())
    assert len(await read_json(data)) == 20_000
    task.cancel()
    assert turns > 1
