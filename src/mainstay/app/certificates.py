"""The server's own certificate: TLS 1.3 and nothing older, and a new certificate without a restart."""

import asyncio
import hashlib
import logging
import ssl
from collections.abc import Callable
from pathlib import Path

from mainstay.app.placement import SettingsContradict

logger = logging.getLogger("mainstay")

_LOOK_EVERY_S = 2.0

_Stamp = tuple[tuple[int, int], ...]


class CertificateInvalid(SettingsContradict):
    """The certificate and its key cannot be used."""


class Certificate:
    """A certificate chain and its key in PEM files, as the server shows them.

    Whoever renews the files (an ACME client, a secret that is mounted) need not tell: they are looked at
    every few seconds. Connections that stand go on; new ones are shown the new certificate. A pair that does
    not fit together, as when only one of the files was written yet, is left alone until it does.
    """

    def __init__(self, chain: Path, key: Path) -> None:
        """Take the files and read them; raises CertificateInvalid."""
        self._chain = chain
        self._key = key
        self._seen = self._stamp()
        self._shown, self.sha256 = self._read()
        self.context, _ = self._read()
        self.context.sni_callback = self._show

    def _read(self) -> tuple[ssl.SSLContext, str]:
        """Give a context that shows what the files hold, and its fingerprint; raises CertificateInvalid."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.set_alpn_protocols(["http/1.1"])
        try:
            context.load_cert_chain(self._chain, self._key, password=_none)
            return context, _fingerprint(self._chain.read_text(encoding="ascii"))
        except (OSError, ValueError) as error:
            reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
            raise CertificateInvalid(
                f"{self._chain} and {self._key} cannot be used ({reason}): name a certificate chain and its "
                "key, both in PEM, the key without a password."
            ) from None

    def _show(self, connection: ssl.SSLObject, _name: str | None, _before: ssl.SSLContext) -> None:
        """Show a new connection the newest certificate: changing a context in use is not safe."""
        connection.context = self._shown

    def _stamp(self) -> _Stamp:
        try:
            return tuple((path.stat().st_mtime_ns, path.stat().st_ino) for path in (self._chain, self._key))
        except OSError:
            return ()

    def renewed(self) -> bool:
        """Look at the files; say whether another certificate is shown from now on."""
        stamp = self._stamp()
        if stamp in {self._seen, ()}:
            return False
        before = self.sha256
        try:
            self._shown, self.sha256 = self._read()
        except CertificateInvalid as failure:
            logger.warning("The certificate changed and is not taken yet: %s", failure)
            return False
        self._seen = stamp
        logger.info("A new certificate is shown: SHA-256 %s", self.sha256)
        return self.sha256 != before

    async def follow(self, changed: Callable[[], None], every_s: float = _LOOK_EVERY_S) -> None:
        """Look at the files now and then, until cancelled; `changed` is called after each new certificate."""
        while True:
            await asyncio.sleep(every_s)
            if self.renewed():
                changed()


def _none() -> str:
    """Refuse a key with a password: OpenSSL would ask for it on the terminal."""
    return ""


def _fingerprint(pem: str) -> str:
    """Give the SHA-256 of the first certificate of a chain, in hexadecimal."""
    begin, end = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
    first = pem[pem.index(begin) : pem.index(end) + len(end)]
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(first)).hexdigest()
