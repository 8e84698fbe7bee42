"""Reacting to what happened: which method reacts to which event."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from mainstay.kernel.interface import Event

Method = TypeVar("Method", bound=Callable[..., Awaitable[None]])
Handler = Callable[[Sequence[Any]], Awaitable[None]]

BATCH_MAX = 256


@dataclass(frozen=True)
class Reaction:
    """A method that is called with the events of one kind and one tenant, oldest first.

    It may be called again with the same events after a crash or a failure, so its effect has to be keyed by
    what the events say. Its writes, and that the events are done, are committed together. With `side_by_side`
    above one, so many portions may be handled at the same time, and then in no order. A portion whose events
    have come to weigh `heavy` is full.
    """

    name: str
    event: type[Event]
    batch: int
    side_by_side: int
    heavy: int | None
    handler: Handler


@dataclass(frozen=True)
class Reacting:
    """How a method is marked as a reaction."""

    event: type[Event]
    batch: int
    side_by_side: int
    heavy: int | None


class Reactions:
    """The base of classes whose methods react."""


def reacts_to(
    event: type[Event], *, batch: int = 1, side_by_side: int = 1, heavy: int | None = None
) -> Callable[[Method], Method]:
    """Mark a method as reaction.

    `batch` is how many events it is given at most at once, and `heavy` the weight at which it is given no
    more, `side_by_side` how many such portions of a tenant's events may be handled at the same time: above
    one only where their order makes no difference.
    """
    if not 1 <= batch <= BATCH_MAX:
        raise TypeError(f"A batch is 1 to {BATCH_MAX} events, not {batch}")

    def mark(method: Method) -> Method:
        method.__reaction__ = Reacting(event, batch, side_by_side, heavy)  # type: ignore[attr-defined]  # the mark we read back below
        return method

    return mark


@dataclass(frozen=True)
class Subscribers:
    """Which reactions each event has, by its name, in this process or another."""

    by_event: Mapping[str, Sequence[str]]

    def services(self, event: type[Event]) -> list[str]:
        """List the services that react to an event."""
        return sorted({name.partition(".")[0] for name in self.by_event.get(event.name(), ())})


def declared_reactions(kind: type[Reactions]) -> dict[str, Reacting]:
    """Give the reactions that a class declares, by name."""
    service = kind.__module__.removesuffix(".reactions").rpartition(".")[2]
    return {
        f"{service}.{name}": method.__reaction__
        for name, method in vars(kind).items()
        if hasattr(method, "__reaction__")
    }


def reactions_of(instance: Reactions) -> list[Reaction]:
    """Give the reactions of an object."""
    return [
        Reaction(
            name,
            marked.event,
            marked.batch,
            marked.side_by_side,
            marked.heavy,
            getattr(instance, name.partition(".")[2]),
        )
        for name, marked in declared_reactions(type(instance)).items()
    ]
