"""Forms that browsers send: read within limits, and only from pages of this server."""

import asyncio
import hmac
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlsplit

from starlette.requests import Request

from mainstay.kit.errors import Forbidden, Invalid
from mainstay.kit.tokens import hashed
from mainstay.transports.accounts.cookies import form_secret
from mainstay.transports.rest.problems import BodyTooLarge, BodyTooSlow, MediaTypeUnsupported

FORM_BYTES_MAX = 16_384
FIELDS_MAX = 20
FORM_S = 20.0
TOKEN = "form_token"  # noqa: S105 - the name of a field
_MEDIA_TYPE = "application/x-www-form-urlencoded"
_LOCAL_LENGTH_MAX = 4096


class FormForeign(Forbidden):
    """The form was not sent from a page of this server, or the page is too old."""

    title = "This form was not sent from here"


class FormMalformed(Invalid):
    """The form cannot be read."""

    title = "This form cannot be read"


def token_for(secret: str) -> str:
    """Give what stands in a form, so that whoever reads the page does not know the cookie."""
    return hashed(f"mainstay form {secret}")


async def read_form(request: Request) -> Mapping[str, str]:
    """Give a form's fields once it is sure that a page of this server has sent it.

    Raises FormForeign before the body is read where the browser says that it comes from elsewhere.
    """
    _refuse_other_sites(request)
    secret = form_secret(request.scope["headers"], request.url.scheme)
    if not secret:
        raise FormForeign("Allow cookies for this server, open the page again, and send the form anew.")
    fields = await posted(request, FORM_BYTES_MAX)
    if not hmac.compare_digest(fields.get(TOKEN, "").encode(), token_for(secret).encode()):
        raise FormForeign("Open the page again, and send the form anew.")
    return fields


def _refuse_other_sites(request: Request) -> None:
    """Refuse what the browser itself says comes from another site (Fetch Metadata, or RFC 6454's Origin)."""
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is not None:
        foreign = site != "same-origin"
    else:
        foreign = origin is not None and origin != f"{request.url.scheme}://{request.url.netloc}"
    if foreign:
        raise FormForeign("Open the page on this server, and send the form from there.")


async def posted(request: Request, bytes_max: int) -> Mapping[str, str]:
    """Read a form of at most so many bytes, sent in time, wherever it comes from.

    Raises MediaTypeUnsupported, BodyTooLarge, BodyTooSlow and FormMalformed.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _MEDIA_TYPE:
        raise MediaTypeUnsupported(f"A form is sent as {_MEDIA_TYPE}.")
    body = bytearray()
    try:
        async with asyncio.timeout(FORM_S):
            async for part in request.stream():
                body += part
                if len(body) > bytes_max:
                    raise BodyTooLarge(f"A form has at most {bytes_max} bytes.")
    except TimeoutError:
        raise BodyTooSlow("Send the form without long pauses.") from None
    return _fields(bytes(body))


def _fields(body: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=bool(body),
            max_num_fields=FIELDS_MAX,
            errors="strict",
        )
    except ValueError:
        raise FormMalformed("Open the page again, and send the form anew.") from None
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise FormMalformed("A field was sent twice.")
    return fields


def local(path: str) -> str:
    """Give a path of this server, empty for whatever a browser might take for an address elsewhere."""
    if not path.startswith("/") or len(path) > _LOCAL_LENGTH_MAX:
        return ""
    if path.startswith(("//", "/\\")) or "\\" in path or not path.isascii() or not path.isprintable():
        return ""
    try:
        parts = urlsplit(path)
    except ValueError:
        return ""
    return "" if parts.scheme or parts.netloc else path
