"""From a request to an operation's raw values: path, query string, JSON body or form."""

from collections.abc import Mapping
from contextlib import aclosing
from functools import cached_property
from typing import Any
from urllib.parse import unquote_to_bytes

from mainstay.kernel.dispatch import RequestInvalid
from mainstay.kernel.interface import Operation, Place, Route
from mainstay.transports.rest.exchange import Exchange
from mainstay.transports.rest.forms import field_text, list_text, only, read_form, upload
from mainstay.transports.rest.json_text import read_json
from mainstay.transports.rest.problems import MediaTypeUnsupported, MessageMalformed
from mainstay.transports.rest.settings import RestSettings
from mainstay.transports.rest.text_values import Convert, converted, converter, is_list

_QUERY_FIELDS_MAX = 100


def _told(field: str, text: str) -> RequestInvalid:
    return RequestInvalid(f"Check these fields: {field}.", problems=[{"field": field, "problem": text}])


def _decoded(raw: bytes) -> str:
    try:
        return unquote_to_bytes(raw).decode("utf-8")
    except UnicodeDecodeError:
        raise MessageMalformed("The address has characters that are no UTF-8.") from None


def query_texts(raw: bytes) -> dict[str, str]:
    """Take a query string apart; raises RequestInvalid when a parameter stands in it twice."""
    texts: dict[str, str] = {}
    pairs = [pair for pair in raw.split(b"&") if pair]
    if len(pairs) > _QUERY_FIELDS_MAX:
        raise MessageMalformed(f"A query string may have {_QUERY_FIELDS_MAX} parameters at most.")
    for pair in pairs:
        left, _, right = pair.partition(b"=")
        name, text = _decoded(left.replace(b"+", b" ")), _decoded(right.replace(b"+", b" "))
        if name in texts:
            raise _told(name, "Give this parameter once; a list is written as JSON.")
        texts[name] = text
    return texts


def media_type_of(content_type: str) -> str:
    """Give the media type in a Content-Type header; raises MediaTypeUnsupported for another charset."""
    media_type, *options = content_type.split(";")
    for option in options:
        name, _, value = option.partition("=")
        if name.strip().lower() == "charset" and value.strip().strip('"').lower() not in {"utf-8", "utf8"}:
            raise MediaTypeUnsupported("Write the body in UTF-8.")
    return media_type.strip().lower()


class Reader:
    """Reads the values of one operation on one of its routes."""

    def __init__(self, operation: Operation, route: Route, settings: RestSettings) -> None:
        """Work out where each parameter travels."""
        self._settings = settings
        self._operation = operation
        self._places: dict[str, Place] = {each.name: each.place(route) for each in operation.parameters}
        self._file = next((name for name, place in self._places.items() if place == "file"), None)
        self._in_body = any(place in {"body", "file"} for place in self._places.values())
        self._body_method = route.method in {"POST", "PUT", "PATCH"}

    @cached_property
    def _converters(self) -> Mapping[str, Convert]:
        """Work out how texts are read, once some come: for every operation at once it would take long."""
        return {each.name: converter(each) for each in self._operation.parameters if not each.upload}

    @cached_property
    def _lists(self) -> frozenset[str]:
        return frozenset(
            each.name for each in self._operation.parameters if not each.upload and is_list(each)
        )

    def _converted(self, texts: Mapping[str, str]) -> dict[str, Any]:
        return converted(texts, self._converters) if texts else {}

    async def read(self, exchange: Exchange, path_texts: Mapping[str, str]) -> Mapping[str, Any]:
        """Give the raw values; raises the failures of the message itself and RequestInvalid."""
        exchange.refuse_repeated_headers()
        values = self._converted(path_texts)
        raw: bytes = exchange.scope.get("query_string", b"")
        if raw:
            values.update(self._query(raw))
        if not self._body_method:
            return values
        for name, value in (await self._body(exchange)).items():
            place = self._places.get(name, "body")
            if place in {"path", "query"}:
                raise _told(name, f"This travels in the {place}, not in the body.")
            values[name] = value
        return values

    def _query(self, raw: bytes) -> dict[str, Any]:
        texts = query_texts(raw)
        for name in texts:
            place = self._places.get(name)
            if place is None:
                raise _told(name, "There is no such parameter; check its spelling.")
            if place != "query":
                raise _told(name, f"This travels in the {'body' if place == 'file' else place}.")
        return self._converted(texts)

    async def _body(self, exchange: Exchange) -> Mapping[str, Any]:
        content_type = exchange.header(b"content-type")
        if exchange.header(b"content-encoding") not in {None, "identity"}:
            raise MediaTypeUnsupported("Send the body without a Content-Encoding.")
        if self._file is not None:
            return await self._form(exchange, content_type or "", self._file)
        if content_type is None and not exchange.body_announced():
            return {}
        return await self._json(exchange, content_type)

    async def _json(self, exchange: Exchange, content_type: str | None) -> Mapping[str, Any]:
        media_type = media_type_of(content_type or "")
        readable = media_type == "application/json" or media_type.endswith("+json")
        if not readable and (self._in_body or exchange.body_announced()):
            raise MediaTypeUnsupported("Send the body as JSON, with `Content-Type: application/json`.")
        body = await exchange.body(self._settings.json_bytes_max)
        if not body:
            return {}
        value = await read_json(body)
        if not isinstance(value, dict):
            raise _told("body", "The body is a JSON object.")
        return value

    async def _form(self, exchange: Exchange, content_type: str, file_field: str) -> Mapping[str, Any]:
        if media_type_of(content_type) != "multipart/form-data":
            raise MediaTypeUnsupported(
                "Send the file as multipart/form-data, with the other fields beside it."
            )
        async with aclosing(exchange.chunks(self._settings.upload_bytes_max)) as chunks:
            parts, file = await read_form(chunks, content_type, file_field)
        values: dict[str, Any] = {}
        texts: dict[str, str] = {}
        for name, sent in parts.items():
            if name not in self._places:
                raise _told(name, "There is no such field; check its spelling.")
            if self._places[name] != "body":
                raise _told(name, f"This travels in the {self._places[name]}, not in the form.")
            texts[name] = list_text(sent) if name in self._lists else field_text(only(sent))
        values.update(self._converted(texts))
        if file is not None:
            values[file_field] = upload(file)
        return values
