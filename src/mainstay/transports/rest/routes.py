"""Which operation answers a method on a path, and its walk along the road."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.types import Receive, Scope, Send

from mainstay.kernel.dispatch import Application, Message
from mainstay.kernel.guard import STRANGER
from mainstay.kernel.interface import Operation, Route
from mainstay.kernel.shedding import Place, Shedding
from mainstay.kit.errors import Failure, TooMany, Unauthenticated, Unavailable
from mainstay.transports.rest import streaming
from mainstay.transports.rest.acceptance import chosen
from mainstay.transports.rest.awaited import Awaited
from mainstay.transports.rest.credentials import challenge, description_of, read_credential, secret_of
from mainstay.transports.rest.exchange import ClientGone, Exchange
from mainstay.transports.rest.problems import (
    BUG_STATUS,
    PROBLEM_MEDIA_TYPE,
    MethodUnsupported,
    bug,
    encoded,
    problem,
    retry_after,
    status_of,
)
from mainstay.transports.rest.reading import Reader
from mainstay.transports.rest.retirement import retirement, successor
from mainstay.transports.rest.revalidation import REVALIDATED, TAGGED_BYTES_MAX, has, tag_of
from mainstay.transports.rest.settings import RestSettings

logger = logging.getLogger("mainstay.rest")

JSON = "application/json"
_PENDING_STATUS = 202
_UNCHANGED_STATUS = 304
_RETRY_AFTER_S = 5
_ALWAYS = b"&"  # the name of no parameter
_NOT_LATE = frozenset({b"", b"0", b"0.0", b"false"})
_PROBLEM = PROBLEM_MEDIA_TYPE.encode()
MakeExchange = Callable[[Scope, Receive, Send], Exchange]


@dataclass(frozen=True)
class Bound:
    """An operation on one of its routes."""

    operation: Operation
    reader: Reader
    names: tuple[str, ...]
    late: bytes
    kept: bool
    successor: Route | None

    @property
    def media_type(self) -> str:
        """Give the form in which it answers."""
        return streaming.MEDIA_TYPE if self.operation.kind == "stream" else JSON

    def waits(self, query: bytes) -> bool:
        """Say whether a request takes its time by what it is: an upload, or one that asks to wait."""
        if self.late == _ALWAYS:
            return True
        if not self.late or self.late not in query:
            return False
        given = (part.partition(b"=") for part in query.split(b"&"))
        return any(name == self.late and value.lower() not in _NOT_LATE for name, _, value in given)


def bind(operation: Operation, route: Route, settings: RestSettings, successor: Route | None = None) -> Bound:
    """Prepare an operation for one of its routes; a deprecated one may have a successor, at a whole path."""
    names = tuple(part[1:-1] for part in route.path.split("/") if part.startswith("{"))
    late = _ALWAYS if operation.upload is not None else (operation.late or "").encode()
    reader = Reader(operation, route, settings)
    return Bound(operation, reader, names, late, operation.keeps(route), successor)


async def tell(exchange: Exchange, failure: Failure, headers: Mapping[str, str]) -> None:
    """Answer with a failure's problem document."""
    extra = dict(headers)
    if isinstance(failure, Unauthenticated):
        extra["WWW-Authenticate"] = challenge(failure, description_of(exchange.settings.address, ""))
    if isinstance(failure, (TooMany, Unavailable)) and not failure.tried:
        extra |= retry_after(failure, _RETRY_AFTER_S)
    told = encoded(problem(failure, exchange.request_id))
    await exchange.answer(status_of(type(failure)), _PROBLEM, told, extra)


async def tell_bug(exchange: Exchange, error: BaseException) -> None:
    """Log an unexpected error, and answer without telling anything of it."""
    logger.error("An unexpected error (request %s)", exchange.request_id, exc_info=error)
    await exchange.answer(BUG_STATUS, _PROBLEM, encoded(bug(exchange.request_id)))


class PathAnswer:
    """Everything that stands at one path."""

    def __init__(
        self, application: Application, make: MakeExchange, settings: RestSettings, shedding: Shedding
    ) -> None:
        """Take the road; operations are added."""
        self._application = application
        self._shedding = shedding
        self._make = make
        self._settings = settings
        self._bound: dict[str, list[Bound]] = {}

    def add(self, method: str, bound: Bound) -> None:
        """Let an operation answer a method; whole answers stand before streams."""
        self._bound.setdefault(method, []).append(bound)
        self._bound[method].sort(key=lambda each: each.operation.kind == "stream")

    @property
    def methods(self) -> Sequence[str]:
        """Give the methods in alphabetical order."""
        found = {*self._bound, "OPTIONS"}
        return sorted({*found, "HEAD"} if "GET" in found else found)

    def takes(self, method: str, accept: bytes | None) -> bool:
        """Say whether an operation answers a method, in the form that is asked for if one is."""
        found = self._bound.get(method, [])
        return any(accept in {None, b"*/*", each.media_type.encode()} for each in found)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer when no path's texts are known yet; for routers that match by themselves."""
        texts = tuple(str(text) for text in scope.get("path_params", {}).values())
        await self.answer(self._make(scope, receive, send), texts)

    async def answer(self, exchange: Exchange, texts: tuple[str, ...]) -> None:
        """Answer a request; whatever happens, the client is told and nothing leaks."""
        headers: dict[str, str] = {}
        try:
            await self._answer(exchange, texts, headers)
        except ClientGone:
            return
        except Failure as failure:
            sources = self._shedding.sources
            sources.weigh(sources.of(secret_of(exchange.headers), exchange.address), failure)
            await tell(exchange, failure, headers)
        except Exception as error:
            if exchange.begun:
                raise
            await tell_bug(exchange, error)

    async def _answer(self, exchange: Exchange, texts: tuple[str, ...], headers: dict[str, str]) -> None:
        method = "GET" if exchange.method == "HEAD" else exchange.method
        found = self._bound.get(method)
        if found is None:
            headers["Allow"] = ", ".join(self.methods)
            if exchange.method == "OPTIONS":
                await exchange.answer(204, b"", b"", headers)
                return
            raise MethodUnsupported(f"Use one of {headers['Allow']}.")
        accept = exchange.header(b"accept")
        if len(found) == 1 and (accept is None or accept in {"*/*", found[0].media_type}):
            bound = found[0]
        else:
            bound = chosen([(each.media_type, each) for each in found], accept)
        place = self._shedding.admit(
            bound.operation.full_name,
            self._shedding.sources.of(secret_of(exchange.headers), exchange.address),
            waits=bound.waits(exchange.scope["query_string"]),
        )
        try:
            await self._walk(exchange, bound, dict(zip(bound.names, texts, strict=True)), headers, place)
        finally:
            place.leave()

    async def _walk(
        self,
        exchange: Exchange,
        bound: Bound,
        texts: Mapping[str, str],
        headers: dict[str, str],
        place: Place,
    ) -> None:
        async def read() -> Mapping[str, Any]:
            values = await bound.reader.read(exchange, texts)
            for each in operation.deprecated_parameters:
                if each.name in values and each.deprecated is not None:
                    headers.update(retirement(each.deprecated))
            if operation.kind == "read":  # what writes is done or not, whoever waits
                awaited.watch()
            # only now, lest a body that comes slowly keep others from theirs
            await place.turn(batched=operation.batched)
            return values

        operation = bound.operation
        if operation.deprecated is not None:
            headers |= retirement(operation.deprecated)
            if bound.successor is not None:
                headers |= successor(exchange.scope.get("root_path", ""), bound.successor, texts)
        message = Message(
            credential=None if operation.may == STRANGER else read_credential(exchange.raw_headers),
            read=read,
            request_id=exchange.request_id,
            door="rest",
            address=exchange.address,
            agent=exchange.agent,
            idempotency_key=exchange.header(b"idempotency-key"),
            traceparent=exchange.header(b"traceparent"),
            headers=headers,
        )
        awaited = Awaited(exchange)
        try:
            with awaited:
                answer = await self._application.dispatch(operation, message)
        finally:
            self._note(exchange, message)
        if operation.kind == "stream":
            written, last = streaming.piece(operation.adapter), streaming.last(exchange.request_id)
            stream = streaming.Stream(answer.value, written, last, self._settings.heartbeat_s)
            await stream.send(exchange, lambda: headers, begun=place.leave)
            return
        status = _PENDING_STATUS if answer.pending else operation.status
        body = operation.adapter.dump_json(answer.value)
        place.done()
        if bound.kept and not answer.pending and len(body) <= TAGGED_BYTES_MAX:
            tag = tag_of(body)
            headers |= {**REVALIDATED, "ETag": tag}
            if has(exchange.header(b"if-none-match"), tag):
                await exchange.answer(_UNCHANGED_STATUS, b"", b"", headers)
                return
        await exchange.answer(status, b"application/json", body, headers)

    def _note(self, exchange: Exchange, message: Message) -> None:
        """Remember whose credentials these are, for the next time."""
        if message.credential is not None and message.caller is not None:
            self._shedding.sources.learn(secret_of(exchange.headers), message.caller)
