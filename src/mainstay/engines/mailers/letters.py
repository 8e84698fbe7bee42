"""Mails in the form in which they travel, with nothing in a header that does not belong there."""

import re
import unicodedata
from datetime import UTC, datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime

from mainstay.kit.clock import Clock
from mainstay.kit.random import Random
from mainstay.ports.mailers import Mail, MailRefused

_ADDRESS = re.compile(r"([^\s@<>()\[\]\\,;:\"]{1,64})@([^\s@<>()\[\]\\,;:\"]{1,255})")
_SENDER = re.compile(r"([^<>]*?)\s*<([^<>]+)>")
_ENCODED_WORD = re.compile(r"=\?[^?]*\?[bq]\?", re.IGNORECASE)
_ADDRESS_CHARACTERS_MAX = 254
_SUBJECT_CHARACTERS_MAX = 500
_NEVER_IN_HEADERS = {"Cc", "Cs", "Zl", "Zp"}
_NAME_BYTES = 16
_LINE_BYTES_MAX = 998
"""What a line of a mail may have (RFC 5322, 2.1.1)."""


class Letters:
    """Writes mails of one sender."""

    def __init__(self, sender: str, clock: Clock, random: Random) -> None:
        """Take the sender, as `name@host` or `Name <name@host>`; raises MailRefused when it is none."""
        found = _SENDER.fullmatch(_plain(sender, "sender"))
        name, address = found.groups() if found else ("", sender)
        self.sender = mailbox(address, name.strip().strip('"'))
        self._clock = clock
        self._random = random

    def letter(self, mail: Mail) -> EmailMessage:
        """Write a mail; raises MailRefused when its address, subject or text cannot be sent."""
        to = mailbox(mail.to)
        plain = (to.addr_spec + self.sender.addr_spec).isascii()
        letter = EmailMessage(SMTP if plain else SMTPUTF8)
        letter["From"] = self.sender
        letter["To"] = to
        letter["Subject"] = _plain(mail.subject, "subject")
        letter["Date"] = format_datetime(datetime.fromtimestamp(self._clock.now_ms() // 1000, UTC))
        letter["Message-ID"] = f"<{self._random.token(_NAME_BYTES).hex()}@{self.sender.domain}>"
        letter["Auto-Submitted"] = "auto-generated"
        try:
            letter.set_content(mail.text, cte=_encoding(mail.text))
            if mail.html is not None:
                letter.add_alternative(mail.html, subtype="html", cte=_encoding(mail.html))
        except (UnicodeEncodeError, MessageError):
            raise MailRefused("The mail's text holds half a character (a lone surrogate).") from None
        return letter


def mailbox(address: str, name: str = "") -> Address:
    """Read one address, its host in the form that every server takes; raises MailRefused."""
    found = _ADDRESS.fullmatch(_plain(address, "address"))
    if found is None or len(address) > _ADDRESS_CHARACTERS_MAX:
        raise MailRefused("This is no e-mail address of the form `name@host`.")
    try:
        host = found[2].encode("idna").decode()
        return Address(name, found[1], host)
    except (UnicodeError, MessageError, ValueError, IndexError):
        raise MailRefused("This is no e-mail address of the form `name@host`.") from None


def _encoding(text: str) -> str | None:
    """Let lines stay as they are wherever they may: whoever reads the file copies links out of it.

    The library would break what is longer than 78 characters, and write `=` as `=3D`. None: as it likes.
    """
    content = text.encode()
    if max(map(len, content.splitlines()), default=0) > _LINE_BYTES_MAX:
        return None
    return "7bit" if content.isascii() else "8bit"


def _plain(text: str, what: str) -> str:
    """Give a text that fits into one header; raises MailRefused for line ends and other controls."""
    if len(text) > _SUBJECT_CHARACTERS_MAX:
        raise MailRefused(f"The mail's {what} is longer than {_SUBJECT_CHARACTERS_MAX} characters.")
    if _ENCODED_WORD.search(text):  # it would be decoded, line ends and all
        raise MailRefused(f"The mail's {what} holds an encoded word (`=?…?q?…?=`): write it as it is.")
    if any(unicodedata.category(each) in _NEVER_IN_HEADERS for each in text):
        raise MailRefused(f"The mail's {what} holds a line end or another control character.")
    return text
