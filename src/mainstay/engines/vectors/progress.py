"""How far a space has come: the highest change up to which none is missing."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass
class Progress:
    """The changes seen in one space; one that broke off holds `reached` back until it is repeated.

    Number 0 is a part of something whose end will be told: it neither moves `reached` nor holds it back.
    """

    highest: int
    missed: set[int] = field(default_factory=set)

    @contextlib.contextmanager
    def change(self, number: int) -> Iterator[None]:
        """Account for one change. Wrong input (ValueError, TypeError) is no change at all."""
        try:
            yield
        except (ValueError, TypeError):
            raise
        except BaseException:
            if number:
                self.missed.add(number)
            raise
        self.highest = self._highest_with(number)
        self.missed.discard(number)

    def reached(self) -> int:
        """Give the last change up to which nothing is missing."""
        return min(self.highest, min(self.missed) - 1) if self.missed else self.highest

    def reached_with(self, number: int) -> int:
        """Give what `reached` will be once this change is in."""
        return Progress(self._highest_with(number), self.missed - {number}).reached()

    def _highest_with(self, number: int) -> int:
        return max(self.highest, number)
