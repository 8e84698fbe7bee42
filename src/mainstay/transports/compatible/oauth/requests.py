"""What a request of the protocol says: its form, and which client it says it is."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote_plus

from mainstay.kit.errors import Invalid, Unauthenticated
from mainstay.transports.rest.exchange import Exchange
from mainstay.transports.rest.json_text import read_json
from mainstay.transports.rest.problems import MediaTypeUnsupported
from mainstay.transports.rest.reading import media_type_of

BODY_MAX = 64 * 1024
_FORM = "application/x-www-form-urlencoded"
_JSON = "application/json"
_FIELDS_MAX = 50


class ParametersUnclear(Invalid):
    """The parameters cannot be read, or one is there twice."""

    title = "The request's parameters are not clear"


class ClientProofUnclear(Unauthenticated):
    """The request says in two ways which client it is, or in one that cannot be read."""

    title = "The client is not clear"


def fields_of(text: str) -> dict[str, str]:
    """Take a form or a query string apart; raises ParametersUnclear. What is empty counts as left out."""
    try:
        pairs = parse_qsl(
            text,
            keep_blank_values=True,
            strict_parsing=bool(text),
            errors="strict",
            max_num_fields=_FIELDS_MAX,
        )
    except ValueError:
        raise ParametersUnclear("Write the parameters as a form does, in UTF-8.") from None
    names = [name for name, _ in pairs]
    if len(set(names)) != len(names):
        raise ParametersUnclear("Give each parameter once.")
    return {name: value for name, value in pairs if value}


async def form_of(exchange: Exchange) -> dict[str, str]:
    """Read a form; raises ParametersUnclear, and what reading a body may raise."""
    if media_type_of(exchange.header(b"content-type") or "") != _FORM:
        raise MediaTypeUnsupported(f"Send the parameters as {_FORM}.")
    return _form(await exchange.body(BODY_MAX))


async def form_or_json_of(exchange: Exchange) -> dict[str, Any]:
    """Read a form or a JSON object."""
    if media_type_of(exchange.header(b"content-type") or "") == _JSON:
        return await json_of(exchange)
    return dict(await form_of(exchange))


async def json_of(exchange: Exchange) -> dict[str, Any]:
    """Read a JSON object; raises ParametersUnclear."""
    if media_type_of(exchange.header(b"content-type") or "") != _JSON:
        raise MediaTypeUnsupported(f"Send an object as {_JSON}.")
    found = await read_json(await exchange.body(BODY_MAX))
    if not isinstance(found, dict):
        raise ParametersUnclear("Send an object.")
    return found


def _form(body: bytes) -> dict[str, str]:
    try:
        return fields_of(body.decode("ascii"))
    except UnicodeDecodeError:
        raise ParametersUnclear("Write the parameters as a form does, in UTF-8.") from None


@dataclass(frozen=True)
class Proof:
    """Which client a request says that it is."""

    client_id: str | None
    secret: str | None
    basic: bool = False

    @property
    def values(self) -> dict[str, str]:
        """Give it as values of an operation."""
        named = {"client_id": self.client_id, "client_secret": self.secret}
        return {name: value for name, value in named.items() if value is not None}


def is_basic(exchange: Exchange) -> bool:
    """Say whether a client proves itself in the Authorization header."""
    return (exchange.header(b"authorization") or "").lower().startswith("basic ")


def proof_of(exchange: Exchange, fields: Mapping[str, Any]) -> Proof:
    """Find the client in the header or in the form, never in both (RFC 6749, 2.3)."""
    given, secret = fields.get("client_id"), fields.get("client_secret")
    if not is_basic(exchange):
        if exchange.header(b"authorization") is not None:
            raise ClientProofUnclear("A client proves itself with Basic, or in the form.")
        return Proof(given, secret)
    if sum(name == b"authorization" for name, _ in exchange.raw_headers) > 1:
        raise ClientProofUnclear("Send the header Authorization once.")
    known, proof = _basic(exchange.header(b"authorization") or "")
    if secret is not None or (given is not None and given != known):
        raise ClientProofUnclear("Say which client you are in one way: with Basic, or in the form.")
    return Proof(known, proof, basic=True)


def _basic(header: str) -> tuple[str, str]:
    try:
        text = base64.b64decode(header[len("basic ") :].strip(), validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        raise ClientProofUnclear("Write Basic as RFC 7617 does.") from None
    name, colon, secret = text.partition(":")
    if not colon:
        raise ClientProofUnclear("Write Basic as RFC 7617 does.")
    return unquote_plus(name), unquote_plus(secret)
