"""Which files of which folders are documents."""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path, PurePath

from mainstay.engines.parsers.kinds import IMAGES, KINDS

_UNREAD = IMAGES | {"zip", "gzip", "program", "binary", "ole", "jsonl"}
ENDINGS = frozenset(
    f".{ending}" for kind in KINDS.values() if kind.name not in _UNREAD for ending in kind.endings
) | {".rst", ".adoc", ".org"}
"""What is sent from a folder unless `--glob` says otherwise; the server knows best what it reads."""

JUNK = frozenset({"node_modules", "__pycache__", "venv", "env", "site-packages", "lost+found"})
LINES = frozenset({".jsonl", ".ndjson"})


@dataclass(frozen=True)
class FoundFile:
    """A file to send, and what it is called: its path below the folder that was given."""

    path: Path
    name: str


@dataclass(frozen=True)
class Folder:
    """A folder that was given, and what stands before the names of its files."""

    path: Path
    prefix: str


@dataclass
class Finding:
    """What lies below the given paths."""

    folders: list[Folder] = field(default_factory=list)
    files: list[FoundFile] = field(default_factory=list)
    lines: list[Path] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)
    missing: list[Path] = field(default_factory=list)


@dataclass(frozen=True)
class Choice:
    """Which files of a folder are wanted."""

    recursive: bool = True
    globs: Sequence[str] = ()
    excludes: Sequence[str] = ()

    def reason_against(self, relative: PurePath) -> str | None:
        """Say why a file is not wanted, or None when it is."""
        text = relative.as_posix()
        if any(_matches(text, pattern) for pattern in self.excludes):
            return "excluded"
        if self.globs:
            return None if any(_matches(text, pattern) for pattern in self.globs) else "not asked for"
        ending = relative.suffix.lower()
        return None if ending in ENDINGS else (ending or "no ending")


def _matches(text: str, pattern: str) -> bool:
    """Match a path below the folder, one of its parts, or a folder on the way."""
    plain = pattern.rstrip("/")
    parts = PurePath(text).parts
    ways = ["/".join(parts[:length]) for length in range(1, len(parts) + 1)]
    return any(fnmatch(each, plain) for each in (*ways, *parts))


def _walk(root: Path, choice: Choice, skipped: Counter[str]) -> Iterator[Path]:
    def unreadable(_: OSError) -> None:
        skipped["unreadable folder"] += 1

    for folder, names, files in os.walk(root, onerror=unreadable):
        wanted = [name for name in names if not name.startswith(".") and name not in JUNK]
        links = [name for name in wanted if (Path(folder) / name).is_symlink()]
        skipped["hidden or junk folder"] += len(names) - len(wanted)
        skipped["link"] += len(links)
        names[:] = sorted(set(wanted) - set(links)) if choice.recursive else []
        for name in sorted(files):
            path = Path(folder) / name
            if name.startswith("."):
                skipped["hidden"] += 1
            elif path.is_symlink() or not path.is_file():
                skipped["link"] += 1
            else:
                yield path


def find(paths: Sequence[Path], choice: Choice) -> Finding:
    """Find the files of folders, and take those that were named themselves whatever their kind.

    With several paths, the folder's own name stands before a file's, so that two folders' files stay apart.
    Links are not followed.
    """
    finding = Finding()
    for path in paths:
        if path.is_file():
            if path.suffix.lower() in LINES:
                finding.lines.append(path)
            else:
                finding.files.append(FoundFile(path, path.name))
        elif path.is_dir():
            before = PurePath(path.resolve().name) if len(paths) > 1 else PurePath()
            finding.folders.append(Folder(path, f"{before.as_posix()}/" if before.parts else ""))
            for file in _walk(path, choice, finding.skipped):
                relative = file.relative_to(path)
                reason = choice.reason_against(relative)
                if reason is None:
                    finding.files.append(FoundFile(file, (before / relative).as_posix()))
                else:
                    finding.skipped[reason] += 1
        else:
            finding.missing.append(path)
    finding.skipped = +finding.skipped
    return finding


def clash(files: Sequence[FoundFile]) -> tuple[Path, Path] | None:
    """Give two files that would be sent under one name, so that one would replace the other."""
    seen: dict[str, Path] = {}
    for file in files:
        if seen.setdefault(file.name, file.path) != file.path:
            return seen[file.name], file.path
    return None
