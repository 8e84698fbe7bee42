"""Pages of lists that are ordered by time, before or after a thing of the list."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

Item = TypeVar("Item")

_AT_ONCE = 200
_ROUNDS_MAX = 20
"""How often one page reads on past what its caller does not see."""


@dataclass(frozen=True)
class Place:
    """Where a thing stands in a list: the time when it was made, then its id."""

    made_ms: int
    id: str


@dataclass(frozen=True)
class Page:
    """What part of a list is wanted: `limit` things behind a place, or in front of it."""

    limit: int
    newest_first: bool
    place: Place | None = None
    before: bool = False

    @property
    def descending(self) -> bool:
        """Say whether it is read from the newest thing to older ones."""
        return self.newest_first != self.before

    def where(self, made: str, id_: str) -> str:
        """Give the condition that leaves what follows the place, for columns of time and id."""
        if self.place is None:
            return ""
        sign = "<" if self.descending else ">"
        return f" AND ({made} {sign} :made OR ({made} = :made AND {id_} {sign} :id))"

    def order(self, made: str, id_: str) -> str:
        """Give the order in which it is read."""
        way = "DESC" if self.descending else "ASC"
        return f" ORDER BY {made} {way}, {id_} {way} LIMIT :limit"

    def values(self, limit: int) -> dict[str, str | int | float | bytes | None]:
        """Give the values of the condition."""
        if self.place is None:
            return {"limit": limit}
        return {"limit": limit, "made": self.place.made_ms, "id": self.place.id}


async def paged(
    page: Page,
    read: Callable[[Page, int], Awaitable[Sequence[Item]]],
    place_of: Callable[[Item], Place],
    sees: Callable[[Item], bool],
) -> tuple[list[Item], bool]:
    """Give the things of a page that somebody sees, in the list's order, and whether there are more."""
    seen: list[Item] = []
    position, portion, more = page, page.limit + 1, True
    for _ in range(_ROUNDS_MAX):
        items = await read(position, portion)
        seen += [item for item in items if sees(item)]
        more = len(seen) > page.limit
        if more or len(items) < portion:
            break
        position = Page(page.limit, page.newest_first, place_of(items[-1]), page.before)
        portion, more = _AT_ONCE, True
    found = seen[: page.limit]
    return found[::-1] if page.before else found, more
