"""Calls a model behind an HTTP address: bounded, retried where that helps, and silent about its key."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass

import aiohttp
import jiter
from yarl import URL

from mainstay.kit.errors import Failure, Unavailable

_STATUS_FINE = 200
_STATUS_TOO_MANY = 429
_STATUS_BROKEN = 500
_STATUS_REFUSED = (401, 403)
_PARSE_INLINE_MAX = 64 << 10
_BACK_OFF_S = 0.5
_CHUNK = 64 << 10

_REFUSAL_BYTES_MAX = 16 << 10

Pause = Callable[[float], Awaitable[None]]
Refusal = Callable[[int, bytes], Failure | None]
"""Tells a status that is no use to try again, and the beginning of its body, where it knows better."""


@dataclass(frozen=True)
class Limits:
    """How long and how much a model server may take."""

    connect_s: float = 5.0
    first_byte_s: float = 30.0
    between_s: float = 20.0
    total_s: float = 120.0
    tries_max: int = 4
    retry_after_max_s: float = 20.0
    concurrency_max: int = 4
    waiting_max: int = 1_024
    answer_bytes_max: int = 64 << 20


class _Again(Exception):
    """A try failed in a way that another may mend."""

    def __init__(self, detail: str, after_s: float | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.after_s = after_s


class ModelServer:
    """One address, one key, a bounded number of calls at a time; `failure` is what its callers raise."""

    def __init__(
        self,
        url: str,
        key: str,
        *,
        failure: type[Unavailable],
        limits: Limits | None = None,
        pause: Pause = asyncio.sleep,
        refusal: Refusal | None = None,
    ) -> None:
        """Keep the address; connections are opened by the first call."""
        self._refusal = refusal or _unexplained
        self._address = url.rstrip("/")
        self._url = str(URL(self._address).with_user(None).with_query(None))  # what may be shown
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._failure = failure
        self._limits = limits or Limits()
        self._pause = pause
        self._places = asyncio.Semaphore(self._limits.concurrency_max)
        self._waiting = 0
        self._sessions: list[aiohttp.ClientSession] = []
        self._closed = False

    def __repr__(self) -> str:
        """Show the address, never the key."""
        return f"ModelServer({self._url!r})"

    async def post(self, path: str, body: Mapping[str, object]) -> object:
        """Send JSON and give the JSON that came back; raises `failure`."""
        async with self._answer(path, body) as answer:
            raw = await self._read(answer)
        try:
            if len(raw) <= _PARSE_INLINE_MAX:
                return jiter.from_json(raw, allow_inf_nan=False)
            return await asyncio.to_thread(jiter.from_json, raw, allow_inf_nan=False)
        except ValueError as problem:
            raise self._failure(
                f"{self._url} answered with something that is no JSON: check the address."
            ) from problem

    async def stream(self, path: str, body: Mapping[str, object]) -> AsyncGenerator[bytes]:
        """Send JSON and give the answer's lines as they come; raises `failure` if it breaks off."""
        async with self._answer(path, body) as answer:
            rest = bytearray()
            async with aclosing(self._pieces(answer)) as pieces:
                async for piece in pieces:
                    end, *lines = piece.split(b"\n")
                    rest += end
                    for line in lines:
                        yield bytes(rest)
                        rest = bytearray(line)
            if rest:
                yield bytes(rest)

    async def close(self) -> None:
        """Give the connections back; later calls fail."""
        self._closed = True
        while self._sessions:
            await self._sessions.pop().close()

    @asynccontextmanager
    async def _answer(self, path: str, body: Mapping[str, object]) -> AsyncIterator[aiohttp.ClientResponse]:
        """Hold one of the places, and an answer with status 200, after as many tries as it takes."""
        if self._waiting >= self._limits.waiting_max:
            raise self._failure(
                f"Too many calls wait for {self._url}: try again in a moment.", retry_after_s=1
            )
        self._waiting += 1
        try:
            await self._places.acquire()
        finally:
            self._waiting -= 1
        try:
            answer = await self._insist(path, body)
            try:
                yield answer
            finally:
                answer.close()
        finally:
            self._places.release()

    async def _insist(self, path: str, body: Mapping[str, object]) -> aiohttp.ClientResponse:
        tries = 1
        while True:
            try:
                return await self._try(path, body)
            except _Again as again:
                longest_s = self._limits.retry_after_max_s
                own_s = min(_BACK_OFF_S * 2 ** (tries - 1), longest_s)
                wait_s = own_s if again.after_s is None else again.after_s
                if tries >= self._limits.tries_max or wait_s > longest_s:
                    detail = f"{self._url} {again.detail}, after {tries} tries: try again later."
                    raise self._failure(detail, retry_after_s=wait_s) from again
            tries += 1
            await self._pause(wait_s)

    async def _try(self, path: str, body: Mapping[str, object]) -> aiohttp.ClientResponse:
        try:
            async with asyncio.timeout(self._limits.first_byte_s):
                answer = await self._session().post(
                    self._address + path, json=body, headers=self._headers, allow_redirects=False
                )
        except TimeoutError as problem:
            raise _Again("did not answer in time") from problem
        except aiohttp.ClientError as problem:
            raise _Again(f"cannot be reached ({type(problem).__name__})") from problem
        if answer.status == _STATUS_FINE:
            return answer
        told = await self._beginning(answer)
        answer.close()
        if answer.status == _STATUS_TOO_MANY or answer.status >= _STATUS_BROKEN:
            raise _Again(f"answers {answer.status}", _seconds(answer.headers.get("Retry-After")))
        known = self._refusal(answer.status, told)
        if known is not None:
            raise known
        # What such a server says may repeat the key, so its words are not passed on.
        hint = (
            "check its key" if answer.status in _STATUS_REFUSED else "check its address and the model's name"
        )
        raise self._failure(f"{self._url} refuses the call with status {answer.status}: {hint}.")

    async def _beginning(self, answer: aiohttp.ClientResponse) -> bytes:
        """Give the beginning of a refusal's body, as far as it comes in time."""
        try:
            async with asyncio.timeout(self._limits.connect_s):
                return await answer.content.read(_REFUSAL_BYTES_MAX)
        except (TimeoutError, aiohttp.ClientError):
            return b""

    async def _read(self, answer: aiohttp.ClientResponse) -> bytes:
        pieces = bytearray()
        async for piece in self._pieces(answer):
            pieces += piece
        return bytes(pieces)

    async def _pieces(self, answer: aiohttp.ClientResponse) -> AsyncGenerator[bytes]:
        """Give the answer's bytes, within the limits on size, silence and time in all."""
        size, now = 0, asyncio.get_running_loop().time
        end = now() + self._limits.total_s
        try:
            while True:
                async with asyncio.timeout_at(min(now() + self._limits.between_s, end)):
                    piece = await answer.content.readany()
                if not piece:
                    return
                size += len(piece)
                if size > self._limits.answer_bytes_max:
                    raise self._failure(
                        f"{self._url} answers with more than {self._limits.answer_bytes_max} bytes."
                    )
                yield piece
        except TimeoutError as problem:
            raise self._failure(f"{self._url} did not finish its answer in time: try again.") from problem
        except aiohttp.ClientError as problem:
            raise self._failure(f"{self._url} broke off in the middle of an answer: try again.") from problem

    def _session(self) -> aiohttp.ClientSession:
        if self._closed:
            raise self._failure(f"The connection to {self._url} is closed.")
        if not self._sessions:
            timeout = aiohttp.ClientTimeout(total=None, sock_connect=self._limits.connect_s)
            connector = aiohttp.TCPConnector(limit=0)  # the places are the limit
            self._sessions.append(
                aiohttp.ClientSession(connector=connector, timeout=timeout, read_bufsize=_CHUNK)
            )
        return self._sessions[0]


def told_tokens(answer: Mapping[str, object]) -> int:
    """Give the tokens that a server says a call took; 0 where it says nothing of them."""
    usage = answer.get("usage")
    total = usage.get("total_tokens") if isinstance(usage, dict) else None
    return total if isinstance(total, int) and total > 0 else 0


def _unexplained(_status: int, _body: bytes) -> None:
    """Know nothing better."""


def _seconds(value: str | None) -> float | None:
    """Read a Retry-After of seconds; one that is a date is left to the usual back-off."""
    return float(value) if value and value.isascii() and value.isdigit() and len(value) <= 6 else None  # noqa: PLR2004 - eleven days
