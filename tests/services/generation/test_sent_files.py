"""Files that go along with a question: passed on as they are, never looked into, and never trusted."""

from pathlib import Path
from typing import Any

import pytest

from chat_upstream import chat_upstream
from mainstay.kernel.dispatch import RequestInvalid
from mainstay.services.generation.failures import ConversationInvalid
from makers import client, opened_house
from services.generation.test_generation_traces import written
from services.generation.test_injection import leading_out

FILE = {"name": "offer.pdf", "content": "data:application/pdf;base64,JVBERg=="}
ASK = {"role": "user", "content": "What is its title?", "files": [FILE]}


async def test_a_file_reaches_the_generator_and_its_trace_tells_of_it(tmp_path: Path) -> None:
    async with chat_upstream() as upstream:
        generators: Any = {"reader": {"url": upstream.url, "model": "r"}}
        async with opened_house(tmp_path / "data", generators=generators) as house:
            admin = client(house)
            answer = await admin.call("generation.complete", messages=[ASK], generator="reader")
            [sent] = upstream.asked[0]["messages"]
            assert sent["content"] == [
                {"type": "text", "text": ASK["content"]},
                {"type": "file", "file": {"filename": "offer.pdf", "file_data": FILE["content"]}},
            ]
            await written(house)
            trace = await admin.call("generation.get_trace", trace_id=answer.trace_id)
            [kept] = trace.request["messages"][0]["files"]
            assert kept == {"name": "offer.pdf", "content": f"[{len(FILE['content'])} characters]"}


async def test_what_a_file_may_have_made_a_generator_say_leads_nowhere(tmp_path: Path) -> None:
    async with chat_upstream() as upstream:
        generators: Any = {"reader": {"url": upstream.url, "model": "r"}}
        async with opened_house(tmp_path / "data", generators=generators) as house:
            for files, shown in (([FILE], []), ([], ["https://evil.example/a"])):
                upstream.says("See [it](https://evil.example/a).")
                message = {**ASK, "files": files}
                answer = await client(house).call(
                    "generation.complete", messages=[message], generator="reader"
                )
                assert leading_out(answer.text) == shown
                assert "See" in answer.text


@pytest.mark.parametrize(
    ("message", "more"),
    [
        ({"role": "system", "content": "Read this.", "files": [FILE]}, {}),
        ({"role": "assistant", "content": "Read this.", "files": [FILE]}, {}),
        (ASK, {"hide_personal_data": True}),
    ],
)
async def test_files_are_the_users_and_hide_nothing(
    tmp_path: Path, message: dict[str, Any], more: dict[str, Any]
) -> None:
    async with opened_house(tmp_path / "data") as house:
        with pytest.raises(ConversationInvalid) as refused:
            await client(house).call("generation.complete", messages=[message], generator="echo", **more)
        assert refused.value.problems[0]["field"] == "messages.0.files"


@pytest.mark.parametrize(
    "wrong",
    [
        {"content": "https://example.com/a.pdf"},
        {"content": "JVBERg=="},
        {"content": "data:application/pdf;base64,"},
        {"content": "data:application/pdf;base64,\u00e4"},
        {"name": ""},
        {"name": "a\x00"},
        {"name": "a" * 256},
    ],
)
async def test_a_file_has_a_name_and_holds_its_content(tmp_path: Path, wrong: dict[str, str]) -> None:
    message = {**ASK, "files": [{**FILE, **wrong}]}
    async with opened_house(tmp_path / "data") as house:
        with pytest.raises(RequestInvalid):
            await client(house).call("generation.complete", messages=[message], generator="echo")
