"""Where this installation is reached from outside: one address, which tokens and metadata name."""

from ipaddress import ip_address
from urllib.parse import urlsplit

_EVERYWHERE = frozenset({"0.0.0.0", "::"})  # noqa: S104 - it is recognised here, not listened on


def is_loopback(host: str) -> bool:
    """Say whether a number is one by which a machine reaches itself."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def url_of(scheme: str, host: str, port: int) -> str:
    """Write an address without a path; a number of IPv6 stands in brackets (RFC 3986)."""
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


class PublicAddress:
    """The server's address without a path, as `https://mainstay.example.com`.

    It is what the operator has set, else where the server listens; never what a client says in a header.
    """

    def __init__(self, url: str) -> None:
        """Take the address that was set, or empty text until it is known where the server listens."""
        self._fixed = bool(url)
        self.url = url.rstrip("/")

    @property
    def named(self) -> str:
        """Give the address, by name where this machine alone can reach it: passkeys belong to names."""
        parts = urlsplit(self.url)
        own = not self._fixed and is_loopback(parts.hostname or "")
        return url_of(parts.scheme, "localhost", parts.port or 0) if own else self.url

    def listens(self, url: str) -> None:
        """Learn where the server listens; on all addresses, only this machine can be named for sure."""
        if not self._fixed:
            parts = urlsplit(url)
            everywhere = parts.hostname in _EVERYWHERE
            self.url = f"{parts.scheme}://localhost:{parts.port}" if everywhere else url.rstrip("/")
