"""Mails as files in a folder, until somebody names a mail server."""

import asyncio
import logging
import os
from pathlib import Path

from mainstay.engines.mailers.letters import Letters
from mainstay.kit.clock import Clock
from mainstay.kit.random import Random
from mainstay.ports.mailers import Mail, MailUnavailable

logger = logging.getLogger("mainstay.mail")

KEPT_MAX = 1000
_NAME_BYTES = 8


class FolderMailer:
    """Writes each mail into a file of its own, which only this user may read; the oldest make room."""

    def __init__(self, folder: Path, letters: Letters, clock: Clock, random: Random) -> None:
        """Take the folder; it is made with the first mail."""
        self._folder = folder.absolute()
        self._letters = letters
        self._clock = clock
        self._random = random

    async def send(self, mail: Mail) -> None:
        """Write a mail durably; raises MailUnavailable when the disk is full, MailRefused."""
        content = self._letters.letter(mail).as_bytes()
        name = f"{self._clock.now_ms():015d}-{self._random.token(_NAME_BYTES).hex()}.eml"
        try:
            await asyncio.to_thread(self._write, name, content)
        except OSError as error:
            logger.warning("No mail can be written into %s: %s.", self._folder, error.strerror)
            raise MailUnavailable("The folder for mails cannot be written; tell the operator.") from None
        logger.info("A mail waits in %s", self._folder / name)

    async def close(self) -> None:
        """Have nothing to give back."""

    def _write(self, name: str, content: bytes) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = self._folder / f".{name}"
        try:
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(self._folder / name)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
        for old in sorted(self._folder.glob("[0-9]*.eml"))[:-KEPT_MAX]:
            old.unlink(missing_ok=True)
