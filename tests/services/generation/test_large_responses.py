"""Kept responses of some size: written, sealed, opened and read beside the loop, piece by piece."""

import json
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mainstay.engines.ciphers.envelope import EnvelopeCipher
from mainstay.services.generation import responses
from makers import client, opened_house


async def test_large_responses_are_written_and_read_beside_the_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C code that reads or writes JSON lets no other thread in: the longest piece is one item."""
    threads, pieces, documents = set[int](), list[int](), list[bytes]()

    def noting(work: Any) -> Any:
        def noted(given: Any, *more: Any, **named: Any) -> Any:
            threads.add(threading.get_ident())
            made = work(given, *more, **named)
            pieces.append(max(len(each) for each in (given, made) if isinstance(each, str | bytes)))
            return made

        return noted

    async with opened_house(tmp_path / "data") as house:
        admin = client(house)
        given = [{"role": "user", "content": f"{number}\n" + "x" * 1000} for number in range(50)]
        made: list[dict[str, Any]] = [{"type": "message"}, {}]
        watched = SimpleNamespace(dumps=noting(json.dumps), loads=noting(json.loads))
        monkeypatch.setattr(responses, "json", watched)
        kept = await admin.call(
            "generation.keep_response", input_items=given, output_items=made, facts={"inputs": 1}
        )
        read = await admin.call("generation.get_response", response_id=kept.response_id)
        assert read == kept
        assert (read.input, read.output, read.facts) == (given, made, {"inputs": 1})
        assert len(pieces) == 2 * (1 + len(given) + len(made))
        assert max(pieces) < 1_100

        def sealing(work: Any) -> Any:
            def noted(cipher: Any, content: bytes, context: tuple[str, ...], **more: Any) -> Any:
                if "generation_responses" in context:
                    threads.add(threading.get_ident())
                    documents.append(content)
                return work(cipher, content, context, **more)

            return noted

        for name in ("seal", "open"):
            monkeypatch.setattr(EnvelopeCipher, name, sealing(getattr(EnvelopeCipher, name)))
        kept = await admin.call("generation.keep_response", input_items=given, output_items=made)
        await admin.call("generation.get_response", response_id=kept.response_id)
        assert len(documents) == 2
        assert json.loads(documents[0]) == {"facts": {}, "input": given, "output": made}, "as exports have it"
        bare = await admin.call("generation.keep_response", input_items=[], output_items=[])
        read = await admin.call("generation.get_response", response_id=bare.response_id)
        assert (read.input, read.output, read.facts) == ([], [], {})
    assert threading.get_ident() not in threads


async def test_what_was_kept_as_one_document_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: dict[str, Any] = {"input": [{"a": "b\n"}], "output": [{}], "facts": {"inputs": 1}}
    monkeypatch.setattr(responses, "_written", lambda _: json.dumps(told).encode())
    async with opened_house(tmp_path / "data") as house:
        admin = client(house)
        kept = await admin.call("generation.keep_response", input_items=[], output_items=[])
        read = await admin.call("generation.get_response", response_id=kept.response_id)
        assert {"input": read.input, "output": read.output, "facts": read.facts} == told
