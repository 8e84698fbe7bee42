"""Connections to other machines have TLS, unless the operator says that the network is closed."""

import ipaddress
from collections.abc import Iterator
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit

from mainstay.app.placement import SettingsContradict
from mainstay.app.settings import Settings

_ENCRYPTED = frozenset({"require", "verify-ca", "verify-full"})
"""Modes of PostgreSQL's clients that never fall back to a plain connection."""


class ConnectionsExposed(SettingsContradict):
    """Other machines would be spoken to without TLS, and nobody has said that this is meant."""


def on_this_machine(host: str) -> bool:
    """Say whether a host's name or address leads nowhere else."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def refuse_exposed(settings: Settings) -> None:
    """Raise ConnectionsExposed if a setting names another machine that would be spoken to in the clear."""
    exposed = [] if settings.plain_connections else list(_exposed(settings))
    if exposed:
        raise ConnectionsExposed(
            f"{', '.join(exposed)}: keys and data would travel to another machine in the clear. Write "
            "https:// or rediss://, `?sslmode=verify-full` behind PostgreSQL's address, and leave "
            "`starttls=no` out of that of mail. "
            "In a closed network MAINSTAY_PLAIN_CONNECTIONS=true lets it be."
        )


def _exposed(settings: Settings) -> Iterator[str]:
    named = {
        "MAINSTAY_VAULT": settings.vault,
        "MAINSTAY_CACHE": settings.cache,
        "MAINSTAY_DATABASE": _as_url(settings.database),
        "MAINSTAY_ENCODER": settings.encoder,
        "MAINSTAY_GENERATOR": settings.generator,
        "MAINSTAY_RERANKER": settings.reranker,
        "MAINSTAY_MAIL": settings.mail.get_secret_value(),
        **{f"MAINSTAY_GENERATORS ({name})": each.url for name, each in settings.generators.items()},
        **{f"MAINSTAY_REMOTES ({name})": url for name, url in settings.remotes.items()},
    }
    for name, url in named.items():
        try:
            parts = urlsplit(url)
        except ValueError:  # whoever is to use it says what is wrong with it
            continue
        if _in_the_clear(parts) and not all(map(on_this_machine, _hosts(parts))):
            yield name


def _as_url(database: str) -> str:
    """Give PostgreSQL's address as a URL; it may be written as `host=… dbname=…` too."""
    if not database or "://" in database:
        return database
    pairs = [part.partition("=") for part in database.split()]
    return f"postgresql:///?{urlencode({name: value for name, _, value in pairs})}"


def _in_the_clear(parts: SplitResult) -> bool:
    options = dict(parse_qsl(parts.query))
    if parts.scheme in {"postgresql", "postgres"}:
        return options.get("sslmode") not in _ENCRYPTED
    if parts.scheme == "smtp":
        return options.get("starttls") == "no"
    return parts.scheme in {"http", "redis"}


def _hosts(parts: SplitResult) -> list[str]:
    """Give the hosts that an address leads to; PostgreSQL's may name several, or a socket's folder."""
    if parts.scheme not in {"postgresql", "postgres"}:
        return [parts.hostname or ""]
    options = dict(parse_qsl(parts.query))
    named = options.get("hostaddr") or options.get("host") or parts.netloc.rpartition("@")[2]
    hosts = [
        urlsplit(f"//{each}").hostname or "" for each in named.split(",") if not each.startswith(("/", "%2F"))
    ]
    return [each for each in hosts if each]
