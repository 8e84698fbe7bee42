"""Finding the interfaces of the folders below a package, without importing them before they are needed."""

import importlib
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_INTERFACES = "mainstay.kernel.interface"


@dataclass(frozen=True)
class Found:
    """A service's folder: its name, what it is for, and where its interface is written."""

    name: str
    summary: str
    module: str

    def load(self) -> type[Any]:
        """Import the interface; raises TypeError when its module has none, or several.

        What interfaces are made of is imported here too: a command's help must not pay for it.
        """
        kind: Any = importlib.import_module(_INTERFACES).Interface
        members = vars(importlib.import_module(self.module)).values()
        interfaces = [
            member
            for member in members
            if isinstance(member, type) and issubclass(member, kind) and member.__module__ == self.module
        ]
        if len(interfaces) != 1:
            raise TypeError(f"{self.module} should define one interface, not {len(interfaces)}")
        return interfaces[0]


def found_in(package: str) -> Mapping[str, Found]:
    """Give the services of a package such as `mainstay.services`, by name: folders with an `interface`."""
    places = list(importlib.import_module(package).__path__)
    services = {}
    for folder in pkgutil.iter_modules(places):
        inside = [f"{place}/{folder.name}" for place in places]
        if folder.ispkg and any(module.name == "interface" for module in pkgutil.iter_modules(inside)):
            summary = (importlib.import_module(f"{package}.{folder.name}").__doc__ or "").strip()
            services[folder.name] = Found(folder.name, summary, f"{package}.{folder.name}.interface")
    return services
