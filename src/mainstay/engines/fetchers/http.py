"""Fetches pages over http(s) from public addresses, and from nowhere else."""

import asyncio
import errno
import re
import socket
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from mainstay.kit.addresses import is_number, is_public
from mainstay.ports.fetchers import AddressRefused, Page, PageMissing, PageTooLarge, PageUnavailable

Lookup = Callable[[str, int], Awaitable[list[str]]]

_PORTS = frozenset({80, 443, 8080, 8443})
_URL_CHARACTERS_MAX = 2048
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f\\]")
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_SUCCESSES = range(200, 300)
_PIECE_BYTES = 64 * 1024
_GZIP_OR_ZLIB = 47
_HEADERS = {"User-Agent": "Mozilla/5.0 (compatible; Mainstay)", "Accept": "*/*", "Accept-Encoding": "gzip"}


async def look_up(host: str, port: int) -> list[str]:
    """Ask the system for all addresses of a name."""
    infos = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(info[4][0]) for info in infos]


class HttpFetcher:
    """Connects only to addresses it has checked itself; every redirect is checked anew.

    The addresses that were checked are those that are connected to, so that a name which changes its mind
    in between (DNS rebinding) gains nothing. `allow_private` opens private addresses and all ports.
    """

    def __init__(
        self,
        *,
        bytes_max: int = 20 * 1024 * 1024,
        seconds_max: float = 20,
        redirects_max: int = 5,
        allow_private: bool = False,
        lookup: Lookup = look_up,
    ) -> None:
        """Take the limits; those on size and time are for a page with all its redirects."""
        self._bytes_max = bytes_max
        self._seconds_max = seconds_max
        self._redirects_max = redirects_max
        self._allow_private = allow_private
        self._lookup = lookup

    async def fetch(self, url: str) -> Page:
        """Fetch a page; raises AddressRefused, PageMissing, PageTooLarge, PageUnavailable."""
        checked = self._checked(url)
        async with self._session() as session:
            return await self._follow(session, checked)

    async def post(self, url: str, fields: Mapping[str, str], headers: Mapping[str, str]) -> Page:
        """Send a form and give the answer; what it holds is for this address alone, so none is followed."""
        checked = self._checked(url)
        async with (
            self._session() as session,
            session.post(checked, data=fields, headers=headers, allow_redirects=False) as response,
        ):
            return await self._page(response, checked)

    @asynccontextmanager
    async def _session(self) -> AsyncIterator[aiohttp.ClientSession]:
        """Open what connects to checked addresses alone, and tell what goes wrong within."""
        connector = aiohttp.TCPConnector(
            resolver=_Guard(self._lookup, allow_private=self._allow_private),
            use_dns_cache=False,
            force_close=True,
        )
        try:
            async with (
                asyncio.timeout(self._seconds_max),
                aiohttp.ClientSession(
                    connector=connector,
                    cookie_jar=aiohttp.DummyCookieJar(),
                    auto_decompress=False,
                    headers=_HEADERS,
                    trust_env=False,
                    timeout=aiohttp.ClientTimeout(total=self._seconds_max),
                ) as session,
            ):
                yield session
        except TimeoutError:
            raise PageUnavailable(f"The page did not come within {self._seconds_max:g} s.") from None
        except aiohttp.ClientConnectorCertificateError as error:
            reason = getattr(error.certificate_error, "verify_message", "") or "it cannot be verified"
            raise PageUnavailable(
                f"The server's certificate is not valid ({reason.rstrip('.')}): whoever runs it can renew it."
            ) from error
        except aiohttp.ClientConnectorSSLError as error:
            raise PageUnavailable(
                "The server speaks no TLS that is safe: check whether the address begins with http://."
            ) from error
        except aiohttp.ClientConnectorError as error:
            raise PageMissing("No server answers at this address: check it.") from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise PageUnavailable(f"The page's server cannot be reached ({type(error).__name__}).") from error

    async def close(self) -> None:
        """Nothing is held: no connection outlives its page."""

    async def _follow(self, session: aiohttp.ClientSession, url: URL) -> Page:
        for _ in range(self._redirects_max + 1):
            async with session.get(url, allow_redirects=False) as response:
                target = response.headers.get("Location")
                if response.status not in _REDIRECTS or target is None:
                    return await self._page(response, url)
                url = self._checked(target, url)
        raise PageUnavailable(f"The page redirects more than {self._redirects_max} times.")

    async def _page(self, response: aiohttp.ClientResponse, url: URL) -> Page:
        if response.status not in _SUCCESSES:
            raise PageUnavailable(f"The page's server answered with status {response.status}.")
        encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
        if encoding not in {"identity", "gzip", "x-gzip", "deflate", ""}:
            raise PageUnavailable("The page's server sent an encoding that was not asked for.")
        body = _Body(self._bytes_max, folded=encoding not in {"identity", ""})
        if response.content_length is not None and response.content_length > self._bytes_max:
            raise body.too_large()
        async for piece in response.content.iter_chunked(_PIECE_BYTES):
            body.add(piece)
        told = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        return Page(str(url), body.done(), told or None)

    def _checked(self, text: str, base: URL | None = None) -> URL:
        """Give the address without trailing dot and fragment; names are checked when they are resolved."""
        if len(text) > _URL_CHARACTERS_MAX or _FORBIDDEN.search(text):
            raise AddressRefused("The address is too long, or holds spaces or control characters.")
        try:
            url = URL(text) if base is None else base.join(URL(text))
            host = (url.raw_host or "").rstrip(".")
            port = url.port
            plain = url.with_host(host).with_fragment(None) if host else url
        except (ValueError, IndexError):  # the library's own, for a bracket after a user name
            raise AddressRefused("The address cannot be read; it should look like https://…") from None
        if url.scheme not in {"http", "https"} or not host:
            raise AddressRefused("Only http:// and https:// addresses can be fetched.")
        if url.raw_user is not None or url.raw_password is not None:
            raise AddressRefused("The address must not carry a user name or password.")
        if self._allow_private:
            return plain
        if port not in _PORTS:
            raise AddressRefused(f"Only the ports {sorted(_PORTS)} can be fetched from.")
        if "%" in host or (is_number(host) and not is_public(host)):
            raise AddressRefused("The address is not a public one.")
        return plain


class _Guard(AbstractResolver):
    """Resolves names to addresses that were all checked; one bad address refuses the name."""

    def __init__(self, lookup: Lookup, *, allow_private: bool) -> None:
        self._lookup = lookup
        self._allow_private = allow_private

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        addresses = await self._lookup(host, port)
        if not addresses:
            raise OSError(errno.EADDRNOTAVAIL, "the name has no address")
        if not self._allow_private and not all(is_public(address) for address in addresses):
            raise AddressRefused("The address leads to one that is not public.")
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST,
            )
            for address in addresses
            if family in {socket.AF_UNSPEC, socket.AF_INET6 if ":" in address else socket.AF_INET}
        ]

    async def close(self) -> None:
        """Nothing is held."""


class _Body:
    """Gathers a page, unfolding gzip piece by piece, and stops at the limit."""

    def __init__(self, bytes_max: int, *, folded: bool) -> None:
        self._bytes_max = bytes_max
        self._folded = folded
        self._unfold = zlib.decompressobj(_GZIP_OR_ZLIB)
        self._pieces: list[bytes] = []
        self._size = 0

    def add(self, piece: bytes) -> None:
        """Take a piece as it came from the wire."""
        if not self._folded:
            self._keep(piece)
            return
        try:
            while piece:
                if self._unfold.eof:  # a further member
                    self._unfold = zlib.decompressobj(_GZIP_OR_ZLIB)
                self._keep(self._unfold.decompress(piece, _PIECE_BYTES))
                piece = self._unfold.unconsumed_tail or self._unfold.unused_data
        except zlib.error:
            raise PageUnavailable("The page's server sent damaged gzip.") from None

    def done(self) -> bytes:
        """Give the whole page."""
        if self._folded and self._pieces and not self._unfold.eof:
            raise PageUnavailable("The page was cut short.")
        return b"".join(self._pieces)

    def too_large(self) -> PageTooLarge:
        """Say what the limit is."""
        return PageTooLarge(f"The page is larger than {self._bytes_max} bytes.")

    def _keep(self, piece: bytes) -> None:
        self._size += len(piece)
        if self._size > self._bytes_max:
            raise self.too_large()
        self._pieces.append(piece)
