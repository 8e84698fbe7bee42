"""Python files as the rules of the house read them: parsed, never imported."""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).parent.parent.parent / "src" / "mainstay"


@dataclass(frozen=True)
class Import:
    """One name that a module takes from another: `from module import name` (name empty: the module)."""

    module: str
    name: str
    line: int

    def under(self, *packages: str) -> bool:
        """Say whether it is one of these packages or stands in one."""
        whole = f"{self.module}.{self.name}" if self.name else self.module
        return any(whole == package or whole.startswith(package + ".") for package in packages)


@dataclass(frozen=True)
class Module:
    """A file: its path below the package (`kernel/work.py`), its text, its tree."""

    place: str
    text: str
    tree: ast.Module

    @property
    def file(self) -> str:
        """Give the file's name without its ending."""
        return self.place.rsplit("/", 1)[-1].removesuffix(".py")

    @property
    def service(self) -> str:
        """Give the folder of the service or vertical that it belongs to, such as `services/jobs`."""
        parts = self.place.split("/")
        return "/".join(parts[:2]) if parts[0] in {"services", "verticals"} and len(parts) > 2 else ""

    def at(self, node: ast.AST | int, what: str) -> str:
        """Tell of something wrong at a line."""
        line = node if isinstance(node, int) else getattr(node, "lineno", 1)
        return f"{self.place}:{line}: {what}"

    def imports(self) -> Iterator[Import]:
        """Give what it imports; relative imports do not occur (ruff)."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from (Import(alias.name, "", node.lineno) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                yield from (Import(node.module, alias.name, node.lineno) for alias in node.names)

    def functions(self) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
        """Give every function, methods and inner ones too."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield node

    def calls(self) -> Iterator[tuple[str, ast.Call]]:
        """Give every call with the full name of what is called, as far as its imports tell."""
        known = {}
        for each in ast.walk(self.tree):
            if isinstance(each, ast.Import):
                for alias in each.names:
                    first = alias.name.partition(".")[0]
                    known[alias.asname or first] = alias.name if alias.asname else first
            elif isinstance(each, ast.ImportFrom) and each.module:
                for alias in each.names:
                    known[alias.asname or alias.name] = f"{each.module}.{alias.name}"
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call):
                first, dot, rest = ast.unparse(node.func).partition(".")
                name = known.get(first, "" if dot else first)
                yield name + dot + rest, node


def parsed(root: Path) -> list[Module]:
    """Read every Python file below a folder."""
    found = []
    for path in sorted(root.rglob("*.py")):
        text = path.read_text()
        found.append(Module(path.relative_to(root).as_posix(), text, ast.parse(text)))
    return found


def within(place: str, folders: Sequence[str]) -> bool:
    """Say whether a file is one of these, or stands in one of these folders."""
    return any(place == folder or place.startswith(folder.rstrip("/") + "/") for folder in folders)
