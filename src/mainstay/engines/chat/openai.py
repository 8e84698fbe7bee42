"""Chat models behind OpenAI-compatible `/chat/completions` addresses."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

import jiter

from mainstay.engines.chat.wire import Told, body_of, read
from mainstay.engines.model_server import Limits, ModelServer, Pause
from mainstay.kit.errors import Failure
from mainstay.ports.chat import (
    ChatBrokeOff,
    ChatModel,
    ChatRefused,
    ChatUnavailable,
    Conversation,
    Ended,
    Piece,
    Reason,
)

_DATA = b"data:"
_DONE = b"[DONE]"
_REFUSED = frozenset({400, 404, 413, 422})
_TOLD_MAX = 300


@dataclass(frozen=True)
class Upstream:
    """Where a generator is, and what holds for it."""

    shown: ChatModel
    url: str
    key: str = field(default="", repr=False)
    limits: Limits = field(default_factory=Limits)


class OpenAIChats:
    """Streams from whichever generator is named."""

    def __init__(self, upstreams: Sequence[Upstream], *, pause: Pause = asyncio.sleep) -> None:
        """Take where each of them is; connections are opened by the first call."""
        self._models = tuple(each.shown for each in upstreams)
        self._servers = {each.shown.name: _server(each, pause) for each in upstreams}

    @property
    def models(self) -> Sequence[ChatModel]:
        """Give all of them."""
        return self._models

    async def stream(self, name: str, conversation: Conversation) -> AsyncGenerator[Piece]:
        """Stream a generator's answer; raises ChatUnavailable, ChatBrokeOff and ChatRefused."""
        model = next(each.model for each in self._models if each.name == name)
        begun = False
        reason: Reason | None = None
        tokens: tuple[int | None, int | None] = (None, None)
        lines = self._servers[name].stream("/chat/completions", body_of(model, conversation))
        try:
            async with aclosing(lines):
                async for told in _told(lines):
                    for piece in told.pieces:
                        begun = True
                        yield piece
                    reason = told.reason or reason
                    tokens = (
                        tokens[0] if told.tokens_in is None else told.tokens_in,
                        tokens[1] if told.tokens_out is None else told.tokens_out,
                    )
        except ChatUnavailable as failure:
            if begun:
                raise ChatBrokeOff(failure.detail) from failure
            raise
        if reason is None:
            words = "The generator's answer stopped without an end: ask again."
            raise ChatBrokeOff(words) if begun else ChatUnavailable(words)
        yield Ended(reason, *tokens)

    async def close(self) -> None:
        """Give connections back."""
        for server in self._servers.values():
            await server.close()


async def _told(lines: AsyncIterator[bytes]) -> AsyncIterator[Told]:
    async for line in lines:
        data = line.strip().removeprefix(_DATA).strip() if line.startswith(_DATA) else b""
        if data == _DONE:
            return
        if data:
            yield read(data)


def _server(upstream: Upstream, pause: Pause) -> ModelServer:
    return ModelServer(
        upstream.url,
        upstream.key,
        failure=ChatUnavailable,
        limits=upstream.limits,
        pause=pause,
        refusal=_refusal(upstream.shown.name, upstream.key),
    )


def _refusal(name: str, key: str) -> Callable[[int, bytes], Failure | None]:
    """Give what tells a refusal of the request itself in the server's words, without the key in them."""

    def told(status: int, body: bytes) -> Failure | None:
        if status not in _REFUSED:
            return None
        words = _words(body)
        if key:
            words = words.replace(key, "…")
        return ChatRefused(f"The generator {name!r} refuses the request (status {status}). {words}".strip())

    return told


def _words(body: bytes) -> str:
    """Find what an error says of itself; nothing where it is no error of the protocol."""
    try:
        error = jiter.from_json(body)["error"]
        words = error["message"] if isinstance(error, dict) else error
    except (ValueError, KeyError, TypeError):
        return ""
    return "".join(sign for sign in str(words)[:_TOLD_MAX] if sign.isprintable())
