"""What we ask of a list of breached passwords: whether attackers would try this one."""

from collections.abc import Sequence
from typing import Protocol

from mainstay.kit.errors import Unavailable


class BreachesUnavailable(Unavailable):
    """The list cannot be read, or is not what it should be."""

    title = "The list of breached passwords cannot be read"


class Breaches(Protocol):
    """Knows passwords that attackers try first."""

    async def known(self, password: str, about: Sequence[str] = ()) -> bool:
        """Say whether a password became known in a breach, or can be guessed from a few patterns.

        `about` is what strangers know of the person: the name, the e-mail address, the tenant's name.
        Raises BreachesUnavailable.
        """
        ...

    async def close(self) -> None:
        """Give files back."""
        ...
