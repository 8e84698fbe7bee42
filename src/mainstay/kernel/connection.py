"""The way to one server: pooled connections, time limits, and patience with what passes."""

import asyncio
import os
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import count
from typing import TypeVar
from weakref import finalize

import aiohttp
from yarl import URL

from mainstay.kernel.idempotency import KeyTaken
from mainstay.kernel.problems import ServerUnreachable, parsed, raised
from mainstay.kernel.server_sent import AnswerTooLarge
from mainstay.kernel.wire import Request
from mainstay.kit.errors import Failure, Invalid, Unavailable
from mainstay.kit.random import Random, SystemRandom

_PASSING = frozenset({429, 502, 503})
_CHUNK_BYTES = 1 << 16
_PROBLEM_BYTES_MAX = 1 << 20
_BACKOFF_FIRST_S = 0.1
_UNSEEN_ATTEMPTS_MAX = 4
_KEEP_ALIVE_S = 15.0
_REDIRECTS = range(300, 400)
_GOOD = range(200, 300)
_UNTRUSTED = (
    aiohttp.ClientConnectorCertificateError,
    aiohttp.ClientSSLError,
    aiohttp.ServerFingerprintMismatch,
)

Value = TypeVar("Value")

_abandoned: list[aiohttp.ClientSession] = []
"""Sessions of other processes and of loops that have ended: touching them would disturb their owners.

And those that are being closed, so that none complains where the program ends meanwhile.
"""


class AnswerOverdue(Unavailable):
    """The server took longer to answer than the caller waits."""

    title = "The server did not answer in time"


@dataclass(frozen=True)
class Patience:
    """How long and how often a client tries, and how much it takes.

    A server that has never answered is tried for a second or two, whatever `attempts_max` says: most likely
    it does not run there. One that has answered before may be starting again, and is waited for.
    `answer_s` bounds one attempt, `silence_s` the time without a sign of life in a stream; `waits_s_max`
    bounds all waiting between attempts together, whatever the server asks for.
    """

    connect_s: float = 5.0
    answer_s: float = 300.0
    silence_s: float = 60.0
    attempts_max: int = 4
    waits_s_max: float = 30.0
    answer_bytes_max: int = 128 << 20
    connections_max: int = 100


class AddressInvalid(Invalid):
    """The server's address is not one."""

    title = "The server's address is not valid"


def checked(url: str) -> str:
    """Give a server's address without its last slash; raises AddressInvalid."""
    try:
        address = URL(url.strip())
        good = address.scheme in {"http", "https"} and bool(address.host)
    except ValueError:
        good = False
    if not good:
        raise AddressInvalid("An address is written like `http://127.0.0.1:8080`.")
    if address.user is not None or address.query_string or address.fragment:
        raise AddressInvalid("An address carries no user, password, query or fragment; send an API key.")
    return str(address).rstrip("/")


def _quoted(text: str) -> str:
    return text.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


def _form(request: Request, files: ExitStack) -> aiohttp.MultipartWriter:
    """Write a form as browsers do (WHATWG HTML, "multipart/form-data encoding algorithm")."""
    writer = aiohttp.MultipartWriter("form-data")
    for part in request.parts:
        content = part.open()
        if not isinstance(content, str):
            files.enter_context(content)
        payload = writer.append(content, {"Content-Type": part.media_type})
        place = f'form-data; name="{_quoted(part.name)}"'
        if part.file_name is not None:
            place += f'; filename="{_quoted(part.file_name)}"'
        payload.headers["Content-Disposition"] = place
    return writer


def _drop(session: aiohttp.ClientSession, process: int, loop: asyncio.AbstractEventLoop) -> None:
    """Close what belonged to a connection that nobody holds any more, on the loop that had opened it."""
    if process != os.getpid():
        _abandoned.append(session)
    elif loop.is_running():
        _abandoned.append(session)
        asyncio.run_coroutine_threadsafe(_close(session), loop)


async def _close(session: aiohttp.ClientSession) -> None:
    await session.close()
    _abandoned.remove(session)


class Connection:
    """Sends requests to one server, again where that is safe and may help."""

    def __init__(
        self,
        url: str,
        patience: Patience | None = None,
        *,
        certificate_sha256: str | None = None,
        random: Random | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Take the server's address, such as `http://127.0.0.1:8080`; nothing is opened yet.

        With `certificate_sha256` (hexadecimal) the server is known by that certificate, whoever signed it and
        for whatever name; else by what this machine trusts.
        """
        self.url = checked(url)
        self.patience = patience or Patience()
        self._ssl = (
            True if certificate_sha256 is None else aiohttp.Fingerprint(bytes.fromhex(certificate_sha256))
        )
        self._random = random or SystemRandom()
        self._sleep = sleep
        self._session: aiohttp.ClientSession | None = None
        self._owner: tuple[int, asyncio.AbstractEventLoop] | None = None
        self._seen = False

    def __repr__(self) -> str:
        """Name the server."""
        return f"Connection({self.url!r})"

    def new_key(self) -> str:
        """Make an Idempotency-Key."""
        return self._random.token(16).hex()

    async def close(self) -> None:
        """Close what is open; a later call opens it anew."""
        session, self._session = self._session, None
        if session is not None and self._owner == (os.getpid(), asyncio.get_running_loop()):
            await session.close()
        elif session is not None:
            _abandoned.append(session)

    def _opened(self) -> aiohttp.ClientSession:
        owner = (os.getpid(), asyncio.get_running_loop())
        if self._session is not None and self._owner != owner:
            _abandoned.append(self._session)
            self._session = None
        if self._session is None:
            self._owner = owner
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=self.patience.connections_max, keepalive_timeout=_KEEP_ALIVE_S, ssl=self._ssl
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": "mainstay-python", "Accept-Encoding": "identity"},
            )
            finalize(self, _drop, self._session, *owner).atexit = False
        return self._session

    async def _attempt(
        self, request: Request, headers: Mapping[str, str], *, streamed: bool
    ) -> aiohttp.ClientResponse:
        patience = self.patience
        timeout = aiohttp.ClientTimeout(
            total=None if streamed else patience.answer_s,
            sock_connect=patience.connect_s,
            sock_read=patience.silence_s if streamed else None,
        )
        with ExitStack() as files:
            return await self._opened().request(
                request.method,
                URL(self.url + request.target, encoded=True),
                data=_form(request, files) if request.parts else request.body,
                headers=headers,
                timeout=timeout,
                allow_redirects=False,
            )

    def _wait_s(self, attempt: int, failure: Exception, waited_s: float) -> float | None:
        """Say how long to wait before the next attempt, or None when it is time to give up."""
        asked_s = failure.retry_after_s if isinstance(failure, Failure) else None
        chance = 0.5 + int.from_bytes(self._random.token(1)) / 510
        wait_s = _BACKOFF_FIRST_S * 2**attempt * chance if asked_s is None else asked_s
        attempts_max = self.patience.attempts_max
        if not self._seen:
            attempts_max = min(attempts_max, _UNSEEN_ATTEMPTS_MAX)
        last = attempt + 1 >= attempts_max
        return None if last or waited_s + wait_s > self.patience.waits_s_max else wait_s

    async def _persist(
        self,
        request: Request,
        headers: Mapping[str, str],
        fails: Sequence[type[Failure]],
        finish: Callable[[aiohttp.ClientResponse], Awaitable[Value]],
        *,
        streamed: bool,
    ) -> Value:
        waited_s = 0.0
        for attempt in count():
            try:
                response = await self._attempt(request, headers, streamed=streamed)
                self._seen = True
                if response.status in _GOOD:
                    return await finish(response)
                failure, again = await self._refusal(response, fails, first=attempt == 0)
            except (aiohttp.ClientError, TimeoutError) as error:
                failure, again = self._broken(error)
            wait_s = self._wait_s(attempt, failure, waited_s) if again else None
            if wait_s is None:
                raise failure from None
            waited_s += wait_s
            await self._sleep(wait_s)
        raise AssertionError

    async def send(
        self, request: Request, headers: Mapping[str, str], fails: Sequence[type[Failure]]
    ) -> bytes:
        """Send a request and give the body of its good answer.

        A request is repeated when the connection fails and when the server says that its trouble will
        pass, so it must be a read or carry an Idempotency-Key. Raises the problem's own exception.
        """

        async def whole(response: aiohttp.ClientResponse) -> bytes:
            return await self._body(response, self.patience.answer_bytes_max)

        return await self._persist(request, headers, fails, whole, streamed=False)

    async def stream(
        self, request: Request, headers: Mapping[str, str], fails: Sequence[type[Failure]]
    ) -> AsyncGenerator[bytes]:
        """Send a request and give the chunks of its good answer as they come; only its start is repeated."""

        async def opened(response: aiohttp.ClientResponse) -> aiohttp.ClientResponse:
            return response

        response = await self._persist(request, headers, fails, opened, streamed=True)
        try:
            async for chunk in response.content.iter_any():
                yield chunk
        except (aiohttp.ClientError, TimeoutError) as error:
            raise self._broken(error)[0] from None
        finally:
            response.close()

    async def _body(self, response: aiohttp.ClientResponse, bytes_max: int) -> bytes:
        """Read a body whole; raises AnswerTooLarge without taking more than a chunk over the limit."""
        told = response.content_length
        if told is None or told > bytes_max:
            pieces: list[bytes] = []
            size = told or 0
            while size <= bytes_max:
                chunk = await response.content.read(_CHUNK_BYTES)
                if not chunk:
                    return b"".join(pieces)
                size += len(chunk)
                pieces.append(chunk)
            response.close()
            raise AnswerTooLarge(f"The answer has more than {bytes_max} bytes; ask for less.")
        return await response.read()

    async def _refusal(
        self, response: aiohttp.ClientResponse, fails: Sequence[type[Failure]], *, first: bool
    ) -> tuple[Exception, bool]:
        """Give the exception of an answer that is not good, and whether to try again."""
        if response.status in _REDIRECTS:
            response.close()
            target = response.headers.get("Location", "another address")[:200]
            return ServerUnreachable(f"{self.url} redirects to {target}; use that address."), False
        problem = parsed(await self._body(response, _PROBLEM_BYTES_MAX))
        failure = raised(response.status, problem, fails, response.headers.get("Retry-After"))
        answering = not first and isinstance(failure, KeyTaken)
        return failure, answering or response.status in _PASSING

    def _broken(self, error: Exception) -> tuple[Failure, bool]:
        """Give the failure of a connection, and whether to try again; it never quotes the request."""
        if isinstance(error, _UNTRUSTED):
            return ServerUnreachable(
                f"The certificate of {self.url} is not trusted; check the address, or install its authority."
            ), False
        if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError):
            code = error.os_error.errno if isinstance(error, aiohttp.ClientConnectorError) else None
            reason = os.strerror(code).lower() if code is not None and code > 0 else "no answer"
            silent = isinstance(error, aiohttp.ConnectionTimeoutError) and not self._seen
            return ServerUnreachable(
                f"Cannot connect to {self.url} ({reason}). Check the address, and whether the server runs: "
                "`mainstay serve` starts one."
            ), not silent
        if isinstance(error, TimeoutError):
            return AnswerOverdue(
                f"{self.url} did not answer in time. Try again later, or ask for less at once."
            ), False
        return ServerUnreachable(
            f"The connection to {self.url} broke ({type(error).__name__}). Try again."
        ), isinstance(error, aiohttp.ClientConnectionError | aiohttp.ClientPayloadError)
