"""Who sees the rows of every tenant: named one by one, each with its reason."""

import ast
from collections.abc import Iterator, Mapping, Sequence

from house_rules.source import Module, within

_ALL_ROWS = "AllRows"
_OF_THE_KERNEL = frozenset({"SYSTEM", "WorkAllRows", "ScopeRows"})


def holders(modules: Sequence[Module], folders: Sequence[str]) -> Iterator[tuple[Module, ast.AST, str]]:
    """Give what names the rows of every tenant outside of some folders: `services/a/store.py:AStore`.

    What is no class, and what comes by another name, is named by its file alone.
    """
    for module in modules:
        if within(module.place, folders):
            continue
        for node in module.tree.body:
            if _names(node):
                name = f":{node.name}" if isinstance(node, ast.ClassDef) else ""
                yield module, node, module.place + name


def across_tenants(
    modules: Sequence[Module], folders: Sequence[str], allowed: Mapping[str, str]
) -> list[str]:
    """Find who sees the rows of every tenant without being named for it."""
    wrong = [
        module.at(node, f"{name} sees the rows of every tenant: take `Rows`, or give a reason")
        for module, node, name in holders(modules, folders)
        if name not in allowed
    ]
    lawful = {name.partition(":")[0] for name in allowed}
    return wrong + [
        module.at(each.line, f"{each.name} reads the rows of every tenant")
        for module in modules
        if not within(module.place, folders)
        for each in module.imports()
        if each.name in _OF_THE_KERNEL or (each.name == _ALL_ROWS and module.place not in lawful)
    ]


def _names(node: ast.stmt) -> bool:
    """Say whether a statement of a module names them; to import them by their own name does not count."""
    if isinstance(node, ast.ImportFrom):
        return any(alias.name == _ALL_ROWS and alias.asname for alias in node.names)
    return any(
        _ALL_ROWS in (getattr(each, "id", None), getattr(each, "attr", None), getattr(each, "value", None))
        for each in ast.walk(node)
        if isinstance(each, ast.Name | ast.Attribute | ast.Constant)
    )
