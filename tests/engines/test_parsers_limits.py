"""A parser's limits and its children: size, time, memory, crashes, parses given up, closing."""

import asyncio
import json

import psutil
import pytest
from reportlab.platypus import Paragraph

from engines.parser_files import STYLES, pdf
from mainstay.engines.parsers.kreuzberg import KreuzbergParser
from mainstay.ports.parsers import FileTooLarge, FileUnreadable, ParserUnavailable

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_file_over_the_limit_is_refused_before_anything_is_read() -> None:
    parser = KreuzbergParser(file_bytes_max=1000)
    with pytest.raises(FileTooLarge, match="1001 bytes"):
        await parser.parse(bytes(1001), "a.pdf")
    assert not parser._idle


async def test_text_over_the_limit_is_refused() -> None:
    parser = KreuzbergParser(text_characters_max=1000)
    with pytest.raises(FileTooLarge, match="1000"):
        await parser.parse(json.dumps(["x" * 2000]).encode(), "a.json")
    await parser.close()


async def test_a_crash_harms_only_its_own_file() -> None:
    parser = KreuzbergParser(processes=1)
    csv = b"a,b\n1,2"
    await parser.parse(csv, "a.csv")
    (first,) = parser._idle
    first._kill()
    await first._process.wait()
    with pytest.raises(FileUnreadable, match="crashed"):
        await parser.parse(csv, "a.csv")
    assert (await parser.parse(csv, "a.csv")).text
    assert parser._idle[0] is not first
    await parser.close()


async def test_a_file_that_takes_too_long_is_stopped_and_its_child_replaced() -> None:
    parser = KreuzbergParser(processes=1, seconds_max=0.3)
    slow = pdf(*(Paragraph("Many words on a line. " * 100, STYLES["BodyText"]) for _ in range(60)))
    with pytest.raises(FileTooLarge, match=r"0\.3 s"):
        await parser.parse(slow, "a.pdf")
    assert not parser._idle
    assert (await parser.parse(b"a,b\n1,2", "a.csv")).text
    await parser.close()


async def test_a_file_that_takes_too_much_memory_is_stopped() -> None:
    parser = KreuzbergParser(processes=1, memory_mb_max=250)
    rows = json.dumps([[number] for number in range(1_500_000)])
    with pytest.raises(FileTooLarge, match="250 MB"):
        await parser.parse(rows.encode(), "a.json")
    await parser.close()


async def test_children_are_reused_and_end_with_close() -> None:
    parser = KreuzbergParser(processes=2)
    contents = [f"a,b\n{number},2".encode() for number in range(20)]
    parsed = await asyncio.gather(*(parser.parse(content, "a.csv") for content in contents))
    assert [each.text.splitlines()[-1] for each in parsed] == [f"| {number} | 2 |" for number in range(20)]
    children = [child._process.pid for child in parser._idle]
    assert 1 <= len(children) <= 2
    await parser.close()
    assert not any(psutil.pid_exists(child) for child in children)
    with pytest.raises(ParserUnavailable, match="closed"):
        await parser.parse(contents[0], "a.csv")


async def test_children_are_not_given_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAINSTAY_GENERATOR_KEY", "a secret")
    monkeypatch.setenv("HARMLESS", "yes")
    parser = KreuzbergParser(processes=1)
    await parser.parse(b"a,b\n1,2", "a.csv")
    (child,) = parser._idle
    given = psutil.Process(child._process.pid).environ()
    assert given["HARMLESS"] == "yes"
    assert [name for name in given if name.startswith("MAINSTAY_")] == []
    assert "a secret" not in given.values()
    await parser.close()


async def test_a_parse_that_is_given_up_leaves_no_child_busy() -> None:
    parser = KreuzbergParser(processes=1)
    await parser.parse(b"a,b\n1,2", "a.csv")
    slow = asyncio.create_task(parser.parse(json.dumps([[1]] * 1_000_000).encode(), "a.json"))
    while parser._idle:
        await asyncio.sleep(0)
    slow.cancel()
    with pytest.raises(asyncio.CancelledError):
        await slow
    assert not parser._idle
    assert (await parser.parse(b"a,b\n1,2", "a.csv")).text
    await parser.close()
