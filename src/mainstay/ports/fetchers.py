"""What we ask of a fetcher: a page from the public web, and from nowhere else."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from mainstay.kit.errors import Forbidden, Invalid, NotFound, Unavailable


class AddressRefused(Forbidden):
    """The address, or one it redirects to, is not a public http(s) address."""

    title = "The address is refused"


class PageTooLarge(Invalid):
    """The page is larger than the limit."""

    title = "The page is too large"


class PageMissing(NotFound):
    """No server answers at the address."""

    title = "There is nothing at this address"


class PageUnavailable(Unavailable):
    """The page's server answers late, with an error, with half a page, or without a valid certificate."""

    title = "The page cannot be fetched now"


@dataclass(frozen=True)
class Page:
    """What an address gave."""

    url: str
    content: bytes
    media_type: str | None


class Fetcher(Protocol):
    """Fetches pages; private, link-local, loopback and redirected-to-private addresses are refused."""

    async def fetch(self, url: str) -> Page:
        """Fetch a page; raises AddressRefused, PageMissing, PageTooLarge, PageUnavailable."""
        ...

    async def post(self, url: str, fields: Mapping[str, str], headers: Mapping[str, str]) -> Page:
        """Send a form and give the answer; redirects are refused, else as `fetch`."""
        ...

    async def close(self) -> None:
        """Give connections back."""
        ...
