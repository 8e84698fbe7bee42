"""Which services there are: found by their folders, so that adding one edits no list."""

import importlib
import importlib.util
import inspect
import pkgutil
from dataclasses import dataclass
from types import ModuleType

from mainstay import services, verticals
from mainstay.kernel.events import Reactions
from mainstay.kernel.interface import Interface
from mainstay.ports.database import Table


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


def interface_of(path: str) -> type[Interface]:
    """Give the one interface that a service's folder declares."""
    found = _own(importlib.import_module(f"{path}.interface"), Interface)
    if len(found) != 1:
        raise TypeError(f"{path}.interface declares {len(found)} interfaces; a service has one")
    interface: type[Interface] = found[0]
    return interface


def _service(path: str) -> Service:
    interface = interface_of(path)
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


def paths() -> list[str]:
    """Give the modules of all services' folders."""
    return [
        f"{package.__name__}.{found.name}"
        for package in (services, verticals)
        for found in pkgutil.iter_modules(package.__path__)
        if found.ispkg
    ]


def interfaces() -> list[type[Interface]]:
    """Give all interfaces without importing any implementation."""
    return [interface_of(path) for path in paths()]


def all_services() -> list[Service]:
    """Give all services."""
    return [_service(path) for path in paths()]
