"""Which services there are: found by their folders, so that adding one edits no list."""

import importlib
import importlib.util
import inspect
from dataclasses import dataclass
from functools import cache
from types import ModuleType

from mainstay.kernel.discovery import found_in
from mainstay.kernel.events import Reactions
from mainstay.kernel.interface import Interface
from mainstay.ports.database import Table

PACKAGES = ("mainstay.services", "mainstay.verticals")


@dataclass(frozen=True)
class Service:
    """One folder: what it can do, how it does it, what it remembers, to what it reacts."""

    name: str
    interface: type[Interface]
    implementation: type[Interface]
    tables: tuple[Table, ...]
    reactions: tuple[type[Reactions], ...]


def _own(module: ModuleType, base: type) -> list[type]:
    return [
        value
        for value in vars(module).values()
        if inspect.isclass(value) and issubclass(value, base) and value.__module__ == module.__name__
    ]


def _module(path: str) -> ModuleType | None:
    return importlib.import_module(path) if importlib.util.find_spec(path) is not None else None


def _service(interface: type[Interface]) -> Service:
    path = interface.__module__.removesuffix(".interface")
    module = importlib.import_module(f"{path}.service")
    implementations = [kind for kind in _own(module, interface) if kind is not interface]
    if len(implementations) != 1:
        raise TypeError(f"{path}.service implements its interface {len(implementations)} times, not once")
    store, reactions = _module(f"{path}.store"), _module(f"{path}.reactions")
    return Service(
        name=interface.service,
        interface=interface,
        implementation=implementations[0],
        tables=getattr(store, "TABLES", ()),
        reactions=tuple(_own(reactions, Reactions)) if reactions is not None else (),
    )


def interfaces() -> list[type[Interface]]:
    """Give all interfaces, without importing any implementation."""
    return list(_interfaces())


@cache
def _interfaces() -> tuple[type[Interface], ...]:
    return tuple(found.load() for package in PACKAGES for found in found_in(package).values())


def all_services() -> list[Service]:
    """Give all services."""
    return list(_services())


@cache
def _services() -> tuple[Service, ...]:
    return tuple(map(_service, _interfaces()))
