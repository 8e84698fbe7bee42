"""One caller's connection: requests side by side, each along the road, until either side leaves."""

import asyncio
import logging
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from mainstay.kernel.caller import Caller, Credential
from mainstay.kernel.dispatch import Answer, Application, Message
from mainstay.kernel.guard import STRANGER
from mainstay.kernel.interface import Operation
from mainstay.kernel.shedding import Place, Shedding
from mainstay.kernel.sources import Source
from mainstay.kit.errors import Failure
from mainstay.kit.ids import Ids
from mainstay.transports.rest.files_in_json import with_file
from mainstay.transports.rest.json_text import read_json
from mainstay.transports.rest.problems import MessageMalformed, bug, encoded, problem
from mainstay.transports.websocket import messages
from mainstay.transports.websocket.channel import (
    NOT_TEXT,
    POLICY,
    TIMED_OUT,
    Channel,
    Gone,
)
from mainstay.transports.websocket.messages import Asked, Cancelled
from mainstay.transports.websocket.problems import OperationMissing, SocketFull
from mainstay.transports.websocket.protocol import SHUTDOWN
from mainstay.transports.websocket.settings import SocketSettings
from mainstay.transports.websocket.watching import watch

logger = logging.getLogger("mainstay.websocket")

DOOR = "websocket"
_REFUSED_MAX = 100  # one after the other, none of them a request that could be begun


@dataclass(frozen=True)
class Parts:
    """What every connection stands on."""

    application: Application
    operations: Mapping[str, Operation]
    ids: Ids
    shedding: Shedding
    settings: SocketSettings


@dataclass(frozen=True)
class Known:
    """Who has connected, and from where."""

    credential: Credential
    caller: Caller
    address: str
    agent: str
    traceparent: str | None

    @property
    def source(self) -> Source:
        """Give by whom requests count in an overload."""
        return Source(self.caller.tenant_id, self.caller.subject)


@dataclass
class _Request:
    """A request in progress; what `streams` can be ended at any time, anything else comes to its end."""

    asked: Asked
    operation: Operation
    request_id: str
    headers: dict[str, str] = field(default_factory=dict)
    streams: bool = False
    cancelled: bool = False
    task: "asyncio.Task[None] | None" = None

    def cancel(self) -> None:
        """Want it no longer; a write is done all the same, and told."""
        if self.operation.kind == "write":
            return
        self.cancelled = True
        if self.streams and self.task is not None:
            self.task.cancel()


class Connection:
    """Answers one caller."""

    def __init__(self, parts: Parts, channel: Channel, known: Known) -> None:
        """Take the house, the way to the client, and who he is."""
        self._parts = parts
        self._channel = channel
        self._known = known
        self._requests: dict[str, _Request] = {}
        self._active_s = 0.0
        self._refused = 0

    async def run(self) -> None:
        """Answer until either side leaves; what has begun and changes something comes to its end."""
        parts, known = self._parts, self._known
        watching = asyncio.create_task(
            watch(parts.application.guard, known.credential, self._channel, parts.settings.look_again_s),
            name="socket-watch",
        )
        leaving = False
        try:
            await self._take()
        except Gone as gone:
            leaving = gone.leaving
        finally:
            watching.cancel()
            await self._end()
        if leaving:
            await self._channel.close(SHUTDOWN, "The server stops; connect again.")

    async def _take(self) -> None:
        loop, idle_s = asyncio.get_running_loop(), self._parts.settings.idle_s
        self._active_s = loop.time()
        while True:
            try:
                async with asyncio.timeout_at(self._active_s + idle_s):
                    text = await self._channel.receive()
            except TimeoutError:
                if self._requests:
                    self._active_s = loop.time()
                elif loop.time() >= self._active_s + idle_s:
                    await self._channel.close(TIMED_OUT, "Nothing was asked for a long time; connect again.")
                    return
                continue
            self._active_s = loop.time()
            if text is None:
                await self._channel.close(NOT_TEXT, "Send messages as text.")
                return
            await self._heard(text)

    async def _heard(self, text: str) -> None:
        known = None
        try:
            value = await read_json(text.encode("utf-8", "surrogatepass"))
            known = messages.id_of(value)
            said = messages.request_of(value)
            if isinstance(said, Cancelled):
                if said.id in self._requests:  # else it has ended meanwhile
                    self._requests[said.id].cancel()
                return
            self._begin(said)
        except Failure as failure:
            taken = known in self._requests  # its own answer is still to come
            await self._refuse(None if taken else known, failure)

    def _begin(self, asked: Asked) -> None:
        if asked.id in self._requests:
            raise MessageMalformed("A request with this `id` is in progress; give each its own.")
        most = self._parts.settings.in_progress_max
        if len(self._requests) >= most:
            raise SocketFull(
                f"A connection may have {most} requests in progress. Let one end, or cancel one.",
                retry_after_s=1.0,
            )
        operation = self._parts.operations.get(asked.operation)
        if operation is None:
            raise OperationMissing(
                "Write it as `knowledge.search`; /openapi.json has the name of each operation as operationId."
            )
        request = _Request(asked, operation, self._parts.ids.new("req"))
        self._requests[asked.id] = request
        self._refused = 0
        request.task = asyncio.create_task(self._answer(request), name="socket-request")

    async def _answer(self, request: _Request) -> None:
        """Answer a request; it is in progress until what is told last has room on the way to the client."""
        try:
            await self._channel.send(await self._last_of(request))
        except Gone:
            return  # the loop that takes messages learns of it too
        finally:
            del self._requests[request.asked.id]
            self._active_s = asyncio.get_running_loop().time()

    async def _last_of(self, request: _Request) -> bytes:
        """Do what was asked, and give what is to be told last; raises Gone."""
        try:
            text = await self._walked(request)
        except Failure as failure:
            self._parts.shedding.sources.weigh(self._known.source, failure)
            told = encoded(problem(failure, request.request_id))
            text = messages.error(request.asked.id, told, request.headers)
        except asyncio.CancelledError:
            if not request.cancelled:
                raise
            text = b""
        except Gone:
            raise
        except Exception:
            logger.exception("An unexpected error (request %s)", request.request_id)
            text = messages.error(request.asked.id, encoded(bug(request.request_id)), {})
        if request.cancelled:
            return messages.done(request.asked.id, request.headers, cancelled=True)
        return text

    async def _walked(self, request: _Request) -> bytes:
        """Walk the road; give what is to be told last."""
        operation, values = request.operation, request.asked.values
        late = operation.late is not None and bool(values.get(operation.late))
        waits = operation.upload is not None or late
        place = self._parts.shedding.admit(operation.full_name, self._known.source, waits=waits)
        try:
            answer = await self._dispatched(request, place)
            if operation.kind == "stream":
                return await self._streamed(request, answer, place)
            body = operation.adapter.dump_json(answer.value)
            place.done()
            return messages.result(request.asked.id, body, request.headers, pending=answer.pending)
        finally:
            place.leave()

    async def _dispatched(self, request: _Request, place: Place) -> Answer:
        async def read() -> Mapping[str, Any]:
            values = with_file(request.operation, request.asked.values)
            await place.turn(batched=request.operation.batched)
            return values

        message = Message(
            credential=None if request.operation.may == STRANGER else self._known.credential,
            read=read,
            request_id=request.request_id,
            door=DOOR,
            address=self._known.address,
            agent=self._known.agent,
            idempotency_key=request.asked.idempotency_key,
            traceparent=self._known.traceparent,
            headers=request.headers,
        )
        return await self._parts.application.dispatch(request.operation, message)

    async def _streamed(self, request: _Request, answer: Answer, place: Place) -> bytes:
        async with aclosing(answer.value) as pieces:
            request.streams = True
            if not request.cancelled:
                async for piece in pieces:
                    place.leave()
                    body = request.operation.adapter.dump_json(piece)
                    await self._channel.send(messages.item(request.asked.id, body))
        return messages.done(request.asked.id, request.headers)

    async def _refuse(self, known: str | None, failure: Failure) -> None:
        request_id = self._parts.ids.new("req")
        self._parts.shedding.sources.weigh(self._known.source, failure)
        self._refused += 1
        if self._refused > _REFUSED_MAX:
            await self._channel.close(POLICY, "Too many messages that are no requests, or one too many.")
            raise Gone
        await self._channel.send(messages.error(known, encoded(problem(failure, request_id)), {}))

    async def _end(self) -> None:
        """End streams, and let everything else come to its end."""
        requests = list(self._requests.values())
        for request in requests:
            if request.operation.kind == "stream":
                request.cancel()
        tasks = [request.task for request in requests if request.task is not None]
        try:
            await asyncio.gather(*tasks, return_exceptions=True)
        except asyncio.CancelledError:
            for task in tasks:
                task.cancel()
            raise
