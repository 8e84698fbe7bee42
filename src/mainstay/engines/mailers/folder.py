"""Mails as files in a folder, until somebody names a mail server."""

import asyncio
import logging
from collections.abc import Collection
from pathlib import Path

from mainstay.engines.mailers.kept import KeptMails
from mainstay.engines.mailers.letters import Letters
from mainstay.kit.clock import Clock
from mainstay.kit.random import Random
from mainstay.ports.mailers import Mail, MailUnavailable

logger = logging.getLogger("mainstay.mail")

_NAME_BYTES = 8


class FolderMailer:
    """Writes each mail into a file of its own, which only this user may read; the oldest make room."""

    def __init__(self, folder: Path, letters: Letters, clock: Clock, random: Random) -> None:
        """Take the folder; it is made with the first mail."""
        self._folder = folder.absolute()
        self._kept = KeptMails(self._folder)
        self._letters = letters
        self._clock = clock
        self._random = random

    async def send(self, mail: Mail) -> None:
        """Write a mail durably; raises MailUnavailable when the disk is full, MailRefused."""
        content = self._letters.letter(mail).as_bytes()
        word = self._random.token(_NAME_BYTES).hex()
        try:
            path = await asyncio.to_thread(self._kept.add, self._clock.now_ms(), mail.about, word, content)
        except OSError as error:
            logger.warning("No mail can be written into %s: %s.", self._folder, error.strerror)
            raise MailUnavailable("The folder for mails cannot be written; tell the operator.") from None
        logger.info("A mail waits in %s", path)

    async def forget(self, about: Collection[str]) -> int:
        """Remove mails; raises MailUnavailable when the disk does not let it."""
        return await forgotten(self._kept, self._folder, about)

    async def close(self) -> None:
        """Have nothing to give back."""


async def forgotten(kept: KeptMails, folder: Path, about: Collection[str]) -> int:
    """Remove mails from a folder; raises MailUnavailable."""
    try:
        return await asyncio.to_thread(kept.forget, about)
    except OSError as error:
        logger.warning("Mails in %s cannot be removed: %s.", folder, error.strerror)
        raise MailUnavailable("The folder for mails cannot be written; tell the operator.") from None
