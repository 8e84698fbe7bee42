"""Mails over SMTP, with TLS unless the server is on this machine."""

import asyncio
import contextlib
import logging
import ssl
from collections.abc import Collection
from email.message import EmailMessage
from pathlib import Path
from typing import NoReturn

import aiosmtplib

from mainstay.engines.mailers.addresses import MailServer
from mainstay.engines.mailers.folder import forgotten
from mainstay.engines.mailers.kept import KeptMails
from mainstay.engines.mailers.letters import Letters
from mainstay.ports.mailers import Mail, MailRefused, MailUnavailable

logger = logging.getLogger("mainstay.mail")

_AT_ONCE_MAX = 4
_GOODBYE_S = 2
_RETRY_S = 60
_FOR_GOOD = 500
"""Codes from here on say that trying again will not help (RFC 5321, 4.2.1)."""


class SmtpMailer:
    """One connection a mail, a few at a time; `seconds_max` is for all of it, the waiting included."""

    def __init__(
        self,
        server: MailServer,
        letters: Letters,
        *,
        trusted: ssl.SSLContext | None = None,
        seconds_max: float = 30,
        earlier: Path | None = None,
    ) -> None:
        """Take the server; certificates are checked by what the system trusts, or by `trusted`.

        In the folder `earlier` may be mails from before there was a server.
        """
        self._server = server
        self._letters = letters
        self._trusted = trusted or ssl.create_default_context()
        self._seconds_max = seconds_max
        self._turn = asyncio.Semaphore(_AT_ONCE_MAX)
        self._earlier = earlier

    async def send(self, mail: Mail) -> None:
        """Send a mail; raises MailUnavailable, MailRefused."""
        letter = self._letters.letter(mail)
        client = self._client()
        try:
            async with asyncio.timeout(self._seconds_max), self._turn:
                await self._deliver(client, letter)
            with contextlib.suppress(aiosmtplib.SMTPException, OSError):  # the mail is sent all the same
                await client.quit(timeout=_GOODBYE_S)
        except (aiosmtplib.SMTPException, OSError) as error:
            self._fail(error)
        finally:
            client.close()

    async def forget(self, about: Collection[str]) -> int:
        """Remove mails from before; what was sent is out of reach. Raises MailUnavailable."""
        if self._earlier is None:
            return 0
        return await forgotten(KeptMails(self._earlier), self._earlier, about)

    async def close(self) -> None:
        """Have nothing to give back: no connection outlives its mail."""

    async def _deliver(self, client: aiosmtplib.SMTP, letter: EmailMessage) -> None:
        sender, to = self._letters.sender.addr_spec, letter["To"].addresses[0].addr_spec
        await client.connect()
        try:
            await client.send_message(letter, sender=sender, recipients=[to])
        except (aiosmtplib.SMTPNotSupported, ValueError):
            raise MailRefused(
                "The mail server cannot send to an address with letters beyond ASCII before the @."
            ) from None

    def _client(self) -> aiosmtplib.SMTP:
        server = self._server
        return aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            username=server.user or None,
            password=server.password or None,
            local_hostname=self._letters.sender.domain,  # the library would ask the DNS, on the event loop
            use_tls=server.protection == "tls",
            start_tls=server.protection == "starttls",
            tls_context=None if server.protection == "none" else self._trusted,
            timeout=self._seconds_max,
        )

    def _fail(self, error: Exception) -> NoReturn:
        """Tell the operator where and why, the caller what to do, and nobody the address or the password."""
        code = _code(error)
        why = type(error).__name__ if code is None else f"{type(error).__name__}, {code}"
        logger.warning(
            "The mail server %s:%d did not take a mail (%s).", self._server.host, self._server.port, why
        )
        about_this_mail = isinstance(error, aiosmtplib.SMTPRecipientsRefused | aiosmtplib.SMTPDataError)
        if about_this_mail and code is not None and code >= _FOR_GOOD:
            raise MailRefused("The mail server refuses this mail for good: check its address.") from None
        raise MailUnavailable("Mail cannot be sent now: try again later.", retry_after_s=_RETRY_S) from None


def _code(error: Exception) -> int | None:
    """Give the server's code; its words may hold the address."""
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        return error.recipients[0].code
    return error.code if isinstance(error, aiosmtplib.SMTPResponseException) else None
