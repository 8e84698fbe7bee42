"""One request whose caller is known: what it says, and the road to operations."""

import hashlib
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar, cast

from pydantic import BaseModel, ValidationError

from mainstay.kernel.caller import Caller, Credential
from mainstay.kernel.dispatch import Application, Message, RequestInvalid
from mainstay.kernel.fields import problems_of
from mainstay.kernel.interface import Operation, Upload
from mainstay.kit.clock import Clock
from mainstay.kit.errors import Failure
from mainstay.kit.ids import Ids
from mainstay.transports.compatible.openai.naming import Names, name_as_sent
from mainstay.transports.rest.exchange import Exchange
from mainstay.transports.rest.forms import field_text, list_text, only, read_form, upload
from mainstay.transports.rest.json_text import read_json
from mainstay.transports.rest.problems import MediaTypeUnsupported, MessageMalformed
from mainstay.transports.rest.reading import media_type_of, query_texts

_PROBLEMS_TOLD_MAX = 20
Model = TypeVar("Model", bound=BaseModel)


@dataclass
class Asked:
    """One request; `path` and `query` have its texts, `headers` what operations say of limits.

    `names` are those by which the client knows the fields of operations.
    """

    exchange: Exchange
    credential: Credential | None
    caller: Caller
    application: Application
    operations: Mapping[str, Operation]
    path: Mapping[str, str]
    clock: Clock
    ids: Ids
    headers: dict[str, str] = field(default_factory=dict)
    names: Names = field(default_factory=dict)
    _told: Failure | None = None
    _keyed: int = 0

    @property
    def now_s(self) -> int:
        """Give the time in seconds since 1970."""
        return self.clock.now_ms() // 1000

    @property
    def query(self) -> Mapping[str, str]:
        """Take the query apart; a parameter that was sent twice is refused."""
        return query_texts(self.exchange.scope.get("query_string", b""))

    def has(self, name: str) -> bool:
        """Say whether there is an operation here, by its full name, that the caller may ask for."""
        operation = self.operations.get(name)
        return operation is not None and self.caller.may(operation.may)

    async def __call__(self, name: str, /, **values: Any) -> Any:
        """Walk the road to an operation by its full name; give its answer."""
        return await self._walk(name, values)

    async def unkeyed(self, name: str, /, **values: Any) -> Any:
        """Walk the road to an operation to which the client's idempotency key does not belong."""
        return await self._walk(name, values, keyed=False)

    async def pieces(self, name: str, /, **values: Any) -> AsyncIterator[Any]:
        """Walk the road to an operation that streams; what refuses it is raised before the first piece."""
        async with aclosing(cast("Any", await self._walk(name, values))) as pieces:
            try:
                async for piece in pieces:
                    yield piece
            except Failure as failure:
                name_as_sent(failure, self.names)
                raise

    def untold(self, failure: Failure) -> bool:
        """Say whether a failure is the door's own: what the road refuses it has audited itself."""
        return self._told is None or self._told not in {failure, failure.__context__}

    async def _walk(self, name: str, values: Mapping[str, Any], *, keyed: bool = True) -> Any:
        operation = self.operations[name]
        message = self._message(operation, values)
        if keyed and (operation.kind == "write" or operation.own_key):
            message = replace(message, idempotency_key=self._next_key())
        try:
            return (await self.application.dispatch(operation, message)).value
        except Failure as failure:
            self._told = failure
            name_as_sent(failure, self.names)
            raise

    def _message(self, operation: Operation, values: Mapping[str, Any]) -> Message:
        async def read() -> Mapping[str, Any]:
            return values

        exchange = self.exchange
        return Message(
            self.credential,
            read,
            request_id=exchange.request_id,
            door="openai",
            address=exchange.address,
            agent=exchange.agent,
            traceparent=exchange.header(b"traceparent"),
            headers=self.headers,
        )

    def _next_key(self) -> str | None:
        """Give the client's idempotency key, and to each further write of the request one made of it.

        A key stands for one request to one operation; sent again, the request comes by the same ones.
        """
        key = self.exchange.header(b"idempotency-key")
        self._keyed += 1
        if key is None or self._keyed == 1:
            return key
        return hashlib.sha256(f"{self._keyed}\n{key}".encode()).hexdigest()

    async def json(self) -> dict[str, Any]:
        """Read the body's JSON object; an empty one where no body was sent."""
        exchange = self.exchange
        self._refuse_odd_headers()
        if not exchange.body_announced():
            return {}
        media_type = media_type_of(exchange.header(b"content-type") or "")
        if media_type != "application/json" and not media_type.endswith("+json"):
            raise MediaTypeUnsupported("Send the body as JSON, with `Content-Type: application/json`.")
        body = await exchange.body(exchange.settings.json_bytes_max)
        value = await read_json(body) if body else {}
        if not isinstance(value, dict):
            raise MessageMalformed("The body is a JSON object.")
        return value

    async def form(self, file_field: str = "file") -> tuple[dict[str, str], Upload | None]:
        """Read a form: its fields by name, and the file in one of them.

        Each is there once, but for lists (`name[]`), which are JSON then.
        """
        self._refuse_odd_headers()
        content_type = self.exchange.header(b"content-type") or ""
        if media_type_of(content_type) != "multipart/form-data":
            raise MediaTypeUnsupported("Send the file as multipart/form-data.")
        async with aclosing(self.exchange.chunks(self.exchange.settings.upload_bytes_max)) as chunks:
            parts, file = await read_form(chunks, content_type, file_field)
        fields = {
            name: list_text(sent) if name.endswith("[]") else field_text(only(sent))
            for name, sent in parts.items()
        }
        return fields, upload(file) if file is not None else None

    def _refuse_odd_headers(self) -> None:
        self.exchange.refuse_repeated_headers()
        if self.exchange.header(b"content-encoding") not in {None, "identity"}:
            raise MediaTypeUnsupported("Send the body without a Content-Encoding.")


def checked(model: type[Model], sent: Mapping[str, Any]) -> Model:
    """Check what was sent against the protocol's shape; raises RequestInvalid naming each field."""
    try:
        return model.model_validate(sent, strict=True)
    except ValidationError as error:
        problems = problems_of(error, sent)[:_PROBLEMS_TOLD_MAX]
        fields = ", ".join(problem["field"] for problem in problems)
        raise RequestInvalid(f"Check these fields: {fields}.", problems=problems) from None
