"""What we ask of a password hasher: hashes that are slow to guess, made without letting guessers slow us."""

from typing import Protocol

from mainstay.kit.errors import Invalid, Unavailable

PASSWORD_CHARACTERS_MAX = 1024


class PasswordUnusable(Invalid):
    """The password is too long, or is no text."""

    title = "The password cannot be used"


class PasswordsBusy(Unavailable):
    """So many passwords wait to be hashed that one more would wait too long."""

    title = "Too many people sign in at this moment"


class PasswordHasher(Protocol):
    """Hashes passwords; each hash has a salt of its own, and says how it was made."""

    async def hash(self, password: str) -> str:
        """Give a hash to store; raises PasswordUnusable, PasswordsBusy."""
        ...

    async def verify(self, password: str, hashed: str) -> bool:
        """Say whether a hash was made from a password, a damaged one from none; raises PasswordsBusy."""
        ...

    async def pretend(self, password: str) -> None:
        """Take as long as `verify` takes, where there is no hash; raises PasswordsBusy."""
        ...

    def outdated(self, hashed: str) -> bool:
        """Say whether the password should be hashed anew when it is next known."""
        ...

    async def close(self) -> None:
        """Give the threads back."""
        ...
