"""What can be permitted: gathered from the operations, so that no list by hand can be wrong."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from mainstay.kernel.guard import ANYBODY, STRANGER
from mainstay.kernel.interface import Interface, operations_of


@dataclass(frozen=True)
class Permissions:
    """Every permission there is.

    `opens` has the full names of the operations that each opens, in the order of their interfaces; `grants`
    has those that open none of their own, but show more in some, with what they show;
    `operations` are all, those that need no permission too.
    """

    opens: Mapping[str, tuple[str, ...]]
    grants: Mapping[str, str]
    operations: frozenset[str] = frozenset()

    def __contains__(self, name: object) -> bool:
        """Say whether there is such a permission."""
        return name in self.opens or name in self.grants


def permissions_of(interfaces: Iterable[type[Interface]]) -> Permissions:
    """Gather what the operations of these interfaces ask for."""
    opens: dict[str, tuple[str, ...]] = {}
    grants: dict[str, str] = {}
    names: set[str] = set()
    for interface in interfaces:
        grants.update(interface.grants)
        for operation in operations_of(interface):
            names.add(operation.full_name)
            if operation.may not in {ANYBODY, STRANGER}:
                opens[operation.may] = (*opens.get(operation.may, ()), operation.full_name)
    return Permissions(dict(sorted(opens.items())), dict(sorted(grants.items())), frozenset(names))
