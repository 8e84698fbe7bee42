"""Responses over a WebSocket: one after another, each told by the events that a stream has."""

import asyncio
import logging
from collections.abc import Iterator, Mapping
from contextlib import aclosing
from typing import Any, cast

from starlette.types import Message, Scope

from mainstay.kernel.dispatch import RequestInvalid
from mainstay.kernel.interface import Operation
from mainstay.kit.errors import Failure
from mainstay.transports.compatible.openai import errors
from mainstay.transports.compatible.openai.admission import Admission, Parts
from mainstay.transports.compatible.openai.kinds import unsupported
from mainstay.transports.compatible.openai.replies import Events, encoded
from mainstay.transports.compatible.openai.response_input import Memory
from mainstay.transports.compatible.openai.responses import CREATED, respond
from mainstay.transports.rest.exchange import Exchange
from mainstay.transports.rest.json_text import read_json
from mainstay.transports.rest.problems import BUG_STATUS
from mainstay.transports.websocket.channel import NOT_TEXT, TIMED_OUT, Channel, Gone
from mainstay.transports.websocket.connection import Known
from mainstay.transports.websocket.protocol import SHUTDOWN
from mainstay.transports.websocket.settings import SocketSettings
from mainstay.transports.websocket.watching import watch

logger = logging.getLogger("mainstay.websocket")

WHOLE_S = 3600.0
"""How long a connection may last; the protocol says an hour."""

_AHEAD_MAX = 8
"""So many messages wait for their turn at most; that a client has left is not seen behind more."""

_REMEMBERED_BYTES_MAX = 4 * 1024 * 1024
_OF_HTTP = ("stream", "stream_options", "background")
_OF_ONE_REQUEST = frozenset({b"content-type", b"content-length", b"idempotency-key", b"x-request-id"})
_ENDED = {
    "message": "A connection lasts an hour. Connect again, and go on from what is kept.",
    "type": "invalid_request_error",
    "param": None,
    "code": "websocket_connection_limit_reached",
}


class ResponseSocket:
    """Speaks the protocol of responses on connections whose caller is known."""

    def __init__(self, parts: Parts, operations: Mapping[str, Operation]) -> None:
        """Take the house."""
        self._parts = parts
        self._admission = Admission(parts, operations)

    async def __call__(self, scope: Scope, channel: Channel, known: Known, settings: SocketSettings) -> None:
        """Answer until either side leaves."""
        guard = self._parts.application.guard
        watching = asyncio.create_task(
            watch(guard, known.credential, channel, settings.look_again_s), name="response-socket-watch"
        )
        try:
            await _Turns(self._parts, self._admission, scope, channel, known, settings).run()
        finally:
            watching.cancel()


class _Turns:
    """One connection's responses, each begun when the one before has ended."""

    def __init__(
        self,
        parts: Parts,
        admission: Admission,
        scope: Scope,
        channel: Channel,
        known: Known,
        settings: SocketSettings,
    ) -> None:
        self._parts = parts
        self._admission = admission
        self._scope = scope
        self._channel = channel
        self._known = known
        self._settings = settings
        self._memory = Memory(_REMEMBERED_BYTES_MAX)

    async def run(self) -> None:
        """Take messages until either side leaves; whoever leaves wants no response any more."""
        ends_s = asyncio.get_running_loop().time() + WHOLE_S
        inbox: asyncio.Queue[str | None] = asyncio.Queue(_AHEAD_MAX)
        listening = asyncio.create_task(self._listen(inbox), name="response-socket-listen")
        turn: asyncio.Task[None] | None = None
        try:
            while (text := await self._next(inbox, listening, ends_s)) is not None:
                turn = asyncio.create_task(self._turn(text), name="response-socket-turn")
                await asyncio.wait({turn, listening}, return_when=asyncio.FIRST_COMPLETED)
                if listening.done() and isinstance(gone := listening.exception(), Gone) and not gone.leaving:
                    raise gone
                await turn
        except Gone as gone:
            if gone.leaving:
                await self._channel.close(SHUTDOWN, "The server stops; connect again.")
        finally:
            tasks = [listening, *([turn] if turn is not None else [])]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _listen(self, inbox: asyncio.Queue[str | None]) -> None:
        """Take messages ahead of their turns, so that leaving is noticed; raises Gone."""
        while True:
            await inbox.put(await self._channel.receive())

    async def _next(
        self, inbox: asyncio.Queue[str | None], listening: asyncio.Task[None], ends_s: float
    ) -> str | None:
        """Give the next message, or close and give None; raises Gone."""
        loop = asyncio.get_running_loop()
        coming = asyncio.create_task(inbox.get(), name="response-socket-next")
        try:
            await asyncio.wait(
                {coming, listening},
                timeout=max(0.0, min(self._settings.idle_s, ends_s - loop.time())),
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            coming.cancel()
        if listening.done():
            listening.result()
        if not coming.done():
            await self._leave(over=loop.time() >= ends_s)
        elif coming.result() is None:
            await self._channel.close(NOT_TEXT, "Send messages as text.")
        else:
            return coming.result()
        return None

    async def _leave(self, *, over: bool) -> None:
        if over:
            await self._refuse(400, _ENDED)
            await self._channel.close(TIMED_OUT, "A connection lasts an hour; connect again.")
        else:
            await self._channel.close(TIMED_OUT, "Nothing was asked for a long time; connect again.")

    async def _turn(self, text: str) -> None:
        """Answer a message: by events, or by an error if none of them was sent; raises Gone."""
        exchange = self._exchange()
        previous: list[object] = []
        try:
            whole = await self._answered(exchange, text, previous)
        except Failure as failure:
            self._parts.shedding.sources.weigh(self._known.source, failure)
            whole = False
            await self._refuse(errors.status(failure), errors.body(failure)["error"])
        except Gone:
            raise
        except Exception:
            logger.exception("An unexpected error (request %s)", exchange.request_id)
            whole = False
            await self._refuse(BUG_STATUS, errors.bug()["error"])
        if not whole:
            for each in previous:
                self._memory.forget(each)

    async def _answered(self, exchange: Exchange, text: str, previous: list[object]) -> bool:
        """Let a model respond; give whether it did, and note what was gone on from."""
        place = self._parts.shedding.admit(CREATED.operation, self._known.source, waits=True)
        try:
            await place.turn()
            asked = await self._admission.admitted(exchange, CREATED, {})
            try:
                sent = _sent(await read_json(text.encode("utf-8", "surrogatepass")))
                previous.append(sent.get("previous_response_id"))
                reply = await respond(asked, sent, self._memory)
            except Failure as failure:
                if asked.untold(failure):
                    self._admission.note(exchange, CREATED.operation, asked.caller, failure)
                raise
            return await self._told(exchange, cast("Events", reply))
        finally:
            place.leave()

    async def _told(self, exchange: Exchange, reply: Events) -> bool:
        begun = False
        try:
            async with aclosing(cast("Any", reply.pieces)) as pieces:
                async for piece in pieces:
                    begun = True
                    await self._send(piece)
        except Gone:
            raise
        except Exception as failure:
            if not begun:
                raise
            if not isinstance(failure, Failure):
                logger.exception("A response failed (request %s)", exchange.request_id)
            await self._send(reply.last(failure))
            return False
        return True

    async def _send(self, written: bytes) -> None:
        for body in _bodies(written):
            await self._channel.send(body)

    async def _refuse(self, status: int, error: Mapping[str, Any]) -> None:
        await self._channel.send(encoded({"type": "error", "status": status, "error": error}))

    def _exchange(self) -> Exchange:
        """Give a message as a request: from whom the connection is, with an id of its own."""
        headers = [each for each in self._scope["headers"] if each[0] not in _OF_ONE_REQUEST]
        scope = {**self._scope, "type": "http", "method": "POST", "headers": headers}
        return Exchange(scope, _nothing, _nowhere, self._parts.ids, self._parts.settings)


def _sent(value: Any) -> dict[str, Any]:
    """Give what a response is asked for with; raises RequestInvalid, and ParameterUnsupported."""
    if not isinstance(value, dict) or value.get("type") != "response.create":
        told = "Send an object whose `type` is `response.create`."
        raise RequestInvalid(told, problems=[{"field": "type", "problem": told}])
    for name in _OF_HTTP:
        if name in value:
            raise unsupported(name, "It is for HTTP; leave it out: a connection has events alone.")
    return {**{name: each for name, each in value.items() if name != "type"}, "stream": True}


def _bodies(written: bytes) -> Iterator[bytes]:
    """Give the documents of events as a stream has them; the mark at its end is none."""
    for event in written.split(b"\n\n"):
        name, found, body = event.partition(b"\ndata: ")
        if found and name.startswith(b"event: "):
            yield body


async def _nothing() -> Message:
    """Give nothing: what was sent is read already."""
    return {"type": "http.disconnect"}


async def _nowhere(_: Message) -> None:
    """Send nothing: a connection has its own way."""
