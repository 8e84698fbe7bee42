"""Mails as files, which are found again by whom they are about."""

import hashlib
import os
from collections.abc import Collection
from pathlib import Path

KEPT_MAX = 1000
KEPT_DAYS = 30
_DAY_MS = 24 * 60 * 60 * 1000


class KeptMails:
    """A folder of mails: the newest, and none that is old."""

    def __init__(self, folder: Path) -> None:
        """Take the folder; it is made with the first mail."""
        self._folder = folder

    def add(self, at_ms: int, about: str, word: str, content: bytes) -> Path:
        """Write a mail durably, readable by this user alone; `word` tells it from others of the moment."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._folder / f"{at_ms:015d}-{_label(about)}-{word}.eml"
        draft = self._folder / f".{path.name}"
        try:
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
        self._make_room(at_ms)
        return path

    def forget(self, about: Collection[str]) -> int:
        """Remove mails for good that are about one of these, drafts that a crash left too; count them."""
        found = [path for each in about for path in self._folder.glob(f"*-{_label(each)}-*.eml")]
        for path in found:
            path.unlink(missing_ok=True)
        if found:
            folder = os.open(self._folder, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        return len(found)

    def _make_room(self, now_ms: int) -> None:
        mails = sorted(self._folder.glob("[0-9]*.eml"))
        excess, old = len(mails) - KEPT_MAX, f"{now_ms - KEPT_DAYS * _DAY_MS:015d}"
        for number, path in enumerate(mails):
            if number < excess or path.name < old:
                path.unlink(missing_ok=True)


def _label(about: str) -> str:
    """Give what stands for an id in a file's name, whatever its characters."""
    return hashlib.sha256(about.encode("utf-8", "surrogatepass")).hexdigest()[:32]
