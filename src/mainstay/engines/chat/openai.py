"""Chat models behind OpenAI-compatible `/chat/completions` addresses."""

import asyncio
import re
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace

import jiter

from mainstay.engines.chat.wire import LIMITS, Reader, Told, body_of
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
_REFUSED = frozenset({400, 413, 422})
_MISSING = 404
_ERRORS = ("error", "detail", "message")
_TOLD_MAX = 300
_UNKNOWN = re.compile(
    r"unsupported|not supported|unrecognized|unknown|unexpected|not permitted", re.IGNORECASE
)


@dataclass(frozen=True)
class Upstream:
    """Where a generator is, and what holds for it.

    Of its limits `first_byte_s` is the time for everything until its answer begins: for a place, for all
    tries, and for thinking; `between_s` is the time from one event to the next after that.
    """

    shown: ChatModel
    url: str
    key: str = field(default="", repr=False)
    limits: Limits = field(default_factory=Limits)


class OpenAIChats:
    """Streams from whichever generator is named."""

    def __init__(self, upstreams: Sequence[Upstream], *, pause: Pause = asyncio.sleep) -> None:
        """Take where each of them is; connections are opened by the first call."""
        self._models = tuple(each.shown for each in upstreams)
        self._lines = {each.shown.name: _Line(each, pause) for each in upstreams}

    @property
    def models(self) -> Sequence[ChatModel]:
        """Give all of them."""
        return self._models

    async def stream(self, name: str, conversation: Conversation) -> AsyncGenerator[Piece]:
        """Stream a generator's answer; raises ChatUnavailable, ChatBrokeOff and ChatRefused."""
        begun = False
        reason: Reason | None = None
        tokens: tuple[int | None, int | None] = (None, None)
        try:
            async with aclosing(self._lines[name].events(conversation)) as events:
                async for told in events:
                    for piece in told.pieces:
                        begun = True
                        yield piece
                    reason = told.reason or reason or ("stop" if told.done and begun else None)
                    tokens = (
                        tokens[0] if told.tokens_in is None else told.tokens_in,
                        tokens[1] if told.tokens_out is None else told.tokens_out,
                    )
        except ChatUnavailable as failure:
            if reason is None:  # otherwise the answer is whole, and what is missing are its counts alone
                if begun:
                    raise ChatBrokeOff(failure.detail) from failure
                raise
        if reason is None:
            words = "The generator's answer stopped without an end: ask again."
            raise ChatBrokeOff(words) if begun else ChatUnavailable(words)
        yield Ended(reason, *tokens)

    async def close(self) -> None:
        """Give connections back."""
        for line in self._lines.values():
            await line.close()


class _Line:
    """One generator's server, asked within its limits, and what it was found to want."""

    def __init__(self, upstream: Upstream, pause: Pause) -> None:
        """Take where it is; time is kept here, since a server knows nothing of pieces."""
        self._shown = upstream.shown
        self._limits = limits = upstream.limits
        self._begin_s = min(limits.first_byte_s, limits.total_s)
        self._server = ModelServer(
            upstream.url,
            upstream.key,
            failure=ChatUnavailable,
            limits=replace(
                limits,
                between_s=limits.total_s,
                retry_after_max_s=min(limits.retry_after_max_s, self._begin_s),
            ),
            pause=pause,
            refusal=_refusal(upstream.shown.name, upstream.key),
        )
        self._limit = LIMITS[0]

    async def events(self, asked: Conversation) -> AsyncGenerator[Told]:
        """Give what the server tells; raises ChatUnavailable, also when it does not tell it in time."""
        now = asyncio.get_running_loop().time
        began = now()
        begun = False
        async with aclosing(self._accepted(asked)) as coming:
            while True:
                silence = now() + self._limits.between_s if begun else began + self._begin_s
                try:
                    async with asyncio.timeout_at(min(silence, began + self._limits.total_s)):
                        told = await anext(coming, None)
                except TimeoutError as problem:
                    raise self._late(begun) from problem
                if told is None:
                    return
                begun = begun or told.begins or told.reason is not None
                yield told

    async def close(self) -> None:
        """Give connections back."""
        await self._server.close()

    async def _accepted(self, asked: Conversation) -> AsyncGenerator[Told]:
        """Ask; once more where only the name of a limit is refused, and keep the name that is taken."""
        refusal: ChatRefused | None = None
        for limit in (self._limit, *(each for each in LIMITS if each != self._limit)):
            try:
                async with aclosing(self._told(asked, limit)) as events:
                    async for told in events:
                        if refusal is not None:
                            self._limit = limit
                        yield told
            except ChatRefused as refused:
                refusal = refusal or refused
                named = asked.tokens_max is not None and limit in refused.detail
                if not (named and _UNKNOWN.search(refused.detail)):
                    break
            else:
                return
        if refusal is not None:
            raise refusal

    async def _told(self, asked: Conversation, limit: str) -> AsyncGenerator[Told]:
        body = body_of(self._shown.model, asked, limit)
        reader = Reader()
        async with aclosing(self._server.stream("/chat/completions", body)) as lines:
            async for line in lines:
                data = line.strip().removeprefix(_DATA).strip() if line.startswith(_DATA) else b""
                if data == _DONE:
                    yield Told(done=True)
                    return
                if data:
                    yield reader.read(data)

    def _late(self, begun: bool) -> ChatUnavailable:
        if begun:
            return ChatUnavailable(f"The generator {self._shown.name!r} did not go on in time: try again.")
        return ChatUnavailable(
            f"The generator {self._shown.name!r} did not begin to answer in time ({self._begin_s:g} s): "
            "try again later."
        )


def _refusal(name: str, key: str) -> Callable[[int, bytes], Failure | None]:
    """Give what tells refusals of a request, or of its model, in the server's words, without the key."""

    def told(status: int, body: bytes) -> Failure | None:
        words = _words(body)
        if key:
            words = words.replace(key, "…")
        if status == _MISSING:
            what = f"The generator {name!r} is not there (status {status}): check its address and its model."
            return ChatUnavailable(f"{what} {words}".strip())
        if status not in _REFUSED:
            return None
        return ChatRefused(f"The generator {name!r} refuses the request (status {status}). {words}".strip())

    return told


def _words(body: bytes) -> str:
    """Find what an error says of itself, also where it is told in the words of common frameworks."""
    try:
        told = jiter.from_json(body)
        error = next(told[name] for name in _ERRORS if told.get(name))
        words = error.get("message") or error if isinstance(error, dict) else error
    except (ValueError, AttributeError, StopIteration):
        return ""
    return "".join(sign for sign in str(words)[:_TOLD_MAX] if sign.isprintable())
