"""Who gets what: constructors ask by type, and this room gives."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, TypeVar, cast, get_type_hints

from mainstay.kernel.interface import Interface

Kind = TypeVar("Kind")

_BUILT_HERE = ("mainstay.services.", "mainstay.verticals.")


class WiringImpossible(Exception):
    """The constructors cannot be satisfied."""


class Wiring:
    """Builds objects from the types that their constructors name.

    A type is given as it is when `known`; an interface as a stand-in; any other class of the services is
    built, once. A circle of services refuses to start and names the two.
    """

    def __init__(
        self,
        known: Mapping[Any, object],
        stand_in: Callable[[type[Interface]], Interface],
        implementations: Mapping[type[Interface], type[Interface]],
    ) -> None:
        """Take what exists, how a stand-in is made, and which class implements which interface."""
        self._known = dict(known)
        self._stand_in = stand_in
        self._implementations = dict(implementations)
        self._building: list[type[Any]] = []
        _refuse_circles(self._implementations)

    def know(self, asked: Any, given: object) -> None:
        """Give an object to whoever asks for a type from now on."""
        self._known[asked] = given

    def make(self, kind: type[Kind]) -> Kind:
        """Build an object, or give the one that was built."""
        if kind in self._known:
            return cast("Kind", self._known[kind])
        if kind in self._building:
            raise WiringImpossible(f"{_shown(self._building[-1])} and {_shown(kind)} need each other")
        self._building.append(kind)
        try:
            made = kind(**{name: self._give(kind, name, asked) for name, asked in _asked(kind)})
        finally:
            self._building.pop()
        self._known[kind] = made
        return made

    def _give(self, kind: type[Any], name: str, asked: Any) -> object:
        if asked in self._known:
            return self._known[asked]
        if not inspect.isclass(asked):
            raise WiringImpossible(f"{_shown(kind)} asks for `{name}: {asked}`, which nobody provides")
        if issubclass(asked, Interface):
            return self._stand_in(asked)
        if not asked.__module__.startswith(_BUILT_HERE):
            what = f"`{name}: {asked.__name__}`"
            raise WiringImpossible(f"{_shown(kind)} asks for {what}, which nobody provides")
        return self.make(asked)


def _shown(kind: type[Any]) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


def _asked(kind: type[Any]) -> Sequence[tuple[str, Any]]:
    constructor = vars(kind).get("__init__")
    return () if constructor is None else _named(constructor)


@cache
def _named(constructor: Callable[..., None]) -> Sequence[tuple[str, Any]]:
    hints = get_type_hints(constructor)
    return tuple((name, asked) for name, asked in hints.items() if name != "return")


def asked_by(kind: type[Any]) -> frozenset[Any]:
    """Give every type that a class, or anything built for it, asks for."""
    return _asked_below(cast("Any", kind))  # mypy takes no class for hashable


@cache
def _asked_below(kind: Any) -> frozenset[Any]:
    found: set[Any] = set()
    waiting = [kind]
    while waiting:
        for _, asked in _asked(waiting.pop()):
            if asked not in found:
                found.add(asked)
                if inspect.isclass(asked) and asked.__module__.startswith(_BUILT_HERE):
                    waiting.append(asked)
    return frozenset(found)


def _held_by(kind: type[Any]) -> list[type[Interface]]:
    """Give the interfaces that a class, or anything built for it, holds."""
    return [each for each in asked_by(kind) if inspect.isclass(each) and issubclass(each, Interface)]


def _refuse_circles(implementations: Mapping[type[Interface], type[Interface]]) -> None:
    needs = {interface: _held_by(kind) for interface, kind in implementations.items()}

    def walk(interface: type[Interface], path: Sequence[type[Interface]]) -> None:
        for below in needs.get(interface, ()):
            if below in path or below is interface:
                raise WiringImpossible(
                    f"{_shown(interface)} and {_shown(below)} hold each other's interface: "
                    "the lower one should tell by an event"
                )
            walk(below, [*path, interface])

    for interface in needs:
        walk(interface, [])
