"""What we ask of a mailer: that one person gets one mail, or that we learn why not."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

from mainstay.kit.errors import Invalid, Unavailable


class MailUnavailable(Unavailable):
    """The mail cannot be sent now; it may go later."""

    title = "Mail cannot be sent now"


class MailRefused(Invalid):
    """The mail can never be sent: its address or subject is none, or the mail server refuses it for good."""

    title = "The mail is refused"


@dataclass(frozen=True)
class Mail:
    """A mail to one address; `html` says the same as `text`.

    By the id that it is `about`, of a person or of her membership, it is found again where mails are kept.
    """

    to: str
    subject: str
    text: str
    html: str | None = None
    about: str = ""


class Mailer(Protocol):
    """Sends mails."""

    async def send(self, mail: Mail) -> None:
        """Send a mail; raises MailUnavailable, MailRefused."""
        ...

    async def forget(self, about: Collection[str]) -> int:
        """Remove what is kept of mails that are about one of these ids; count it; raises MailUnavailable."""
        ...

    async def close(self) -> None:
        """Give connections back."""
        ...
