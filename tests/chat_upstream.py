"""A chat server of tests: says what its script says, stalls, breaks off, refuses, obeys what it reads."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

Script = Callable[[dict[str, Any]], "Answer"]


@dataclass
class Answer:
    """What the server says: thoughts, pieces of text, calls, and how it goes wrong if it does."""

    pieces: Sequence[str] = ()
    calls: Sequence[tuple[str, str]] = ()
    thoughts: Sequence[str] = ()
    reason: str | None = None
    status: int = 200
    error: str = ""
    retry_after: str = ""
    raw: bytes = b""
    stalls_after: int | None = None
    breaks_after: int | None = None
    usage: tuple[int, int] | None = (11, 7)


@dataclass
class Upstream:
    """The server, what it was asked, and what it is to say next; by itself it says the question again."""

    url: str = ""
    asked: list[dict[str, Any]] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    script: Script | None = None
    go_on: asyncio.Event = field(default_factory=asyncio.Event)

    def says(self, *pieces: str, **more: Any) -> None:
        """Let it say something next."""
        self.answers.append(Answer(pieces, **more))

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.asked.append(body)
        answer = self._next(body)
        if answer.status != 200:
            told = {"error": {"message": answer.error, "type": "server_error"}}
            headers = {"Retry-After": answer.retry_after} if answer.retry_after else {}
            return web.json_response(told, status=answer.status, headers=headers)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        if answer.raw:
            await response.write(answer.raw)
            return response
        for number, event in enumerate(_events(answer)):
            if number == answer.stalls_after:
                await self.go_on.wait()
            if number == answer.breaks_after:
                return response
            await response.write(b"data: " + json.dumps(event).encode() + b"\n\n")
        await response.write(b"data: [DONE]\n\n")
        return response

    def _next(self, body: dict[str, Any]) -> Answer:
        if self.answers:
            return self.answers.pop(0)
        if self.script is not None:
            return self.script(body)
        return Answer(["You said: ", str(body["messages"][-1]["content"])])


def _events(answer: Answer) -> list[dict[str, Any]]:
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    deltas += [{"content": "", "reasoning_content": thought} for thought in answer.thoughts]
    deltas += [{"content": piece} for piece in answer.pieces]
    for index, (name, arguments) in enumerate(answer.calls):
        function = {"name": name, "arguments": ""}
        deltas.append({"tool_calls": [{"index": index, "id": f"call_{index}", "function": function}]})
        for start in range(0, len(arguments), 7):
            part = {"index": index, "function": {"arguments": arguments[start : start + 7]}}
            deltas.append({"tool_calls": [part]})
    events = [{"choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas]
    reason = answer.reason or ("tool_calls" if answer.calls else "stop")
    events.append({"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]})
    if answer.usage is not None:
        tokens_in, tokens_out = answer.usage
        events.append({"choices": [], "usage": {"prompt_tokens": tokens_in, "completion_tokens": tokens_out}})
    return events


def obedient(body: dict[str, Any]) -> Answer:
    """Do whatever any text says: repeat the links and images it shows, call every tool that it names."""
    texts = "\n".join(str(message.get("content") or "") for message in body["messages"])
    calls = [(name, "{}") for name in re.findall(r"CALL (\w+)", texts)]
    said = re.findall(r"SAY (.+)", texts)
    return Answer([piece for line in said for piece in re.findall(r".{1,9}|\n", line + "\n")], calls)


@asynccontextmanager
async def chat_upstream() -> AsyncIterator[Upstream]:
    """Serve one on a free port."""
    upstream = Upstream()
    app = web.Application(client_max_size=64 << 20)
    app.router.add_post("/v1/chat/completions", upstream.answer)
    async with TestServer(app) as server:
        upstream.url = f"http://127.0.0.1:{server.port}/v1"
        yield upstream
        upstream.go_on.set()
