"""How answers look: tables and records for people, JSON for programs, plain tabs in a pipe."""

import contextlib
import json
import os
import re
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

_DANGEROUS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_SPACES = re.compile(r"\s+")
_COLUMNS_MAX = 7
_CELL_LENGTH_MAX = 100
_TIME = re.compile(r"^(?!took_).*_ms$")


def console(*, stderr: bool = False) -> Console:
    """Make a console that colours on a terminal only, and never when NO_COLOR is set."""
    stream = sys.stderr if stderr else sys.stdout
    terminal = stream.isatty()
    plain = not terminal or bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
    return Console(
        stderr=stderr,
        force_terminal=terminal,
        no_color=plain,
        color_system=None if plain else "auto",
        highlight=False,
        soft_wrap=not terminal,
        emoji=False,
    )


def harmless(text: str) -> str:
    """Replace what would steer the terminal: documents and servers may carry escape sequences."""
    return _DANGEROUS.sub("\N{REPLACEMENT CHARACTER}", text)


def shown(name: str, value: object) -> str:
    """Write a value for people; a time in milliseconds as a date on this machine's clock."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return _shown_number(name, value)
    if isinstance(value, str):
        return harmless(value)
    if isinstance(value, Mapping):
        told = [(harmless(_header(inner)), shown(inner, each)) for inner, each in value.items()]
        return ", ".join(f"{header} {text}" for header, text in told if text)
    if isinstance(value, list):
        return ("; " if _is_rows(value) else ", ").join(shown(name, each) for each in value)
    return ""


def _shown_number(name: str, value: float) -> str:
    if _TIME.search(name):
        with contextlib.suppress(ValueError, OverflowError, OSError):  # no calendar goes that far
            return datetime.fromtimestamp(value / 1000, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S %Z")
    return str(value) if isinstance(value, int) else f"{value:.4f}".rstrip("0").rstrip(".")


def _header(name: str) -> str:
    return name.removesuffix("_ms") if _TIME.search(name) else name


def _one_line(text: str) -> str:
    return _SPACES.sub(" ", text).strip()


def _line(name: str, value: object) -> str:
    """Write a value for a pipe; what has parts of its own as JSON."""
    if isinstance(value, Mapping) or _is_rows(value):
        return _one_line(harmless(json.dumps(value, ensure_ascii=False))) if value else ""
    return _one_line(shown(name, value))


def _cell(name: str, value: object) -> Text:
    text = _one_line(shown(name, value))
    return Text(text if len(text) <= _CELL_LENGTH_MAX else text[: _CELL_LENGTH_MAX - 1] + "…")


def _filled(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    names = list(dict.fromkeys(name for row in rows for name in row))
    return [name for name in names if any(shown(name, row.get(name)) for row in rows)]


class Output:
    """Where a command's answer goes."""

    def __init__(self, *, as_json: bool) -> None:
        """Look at what stands at the other end of standard output."""
        self.as_json = as_json
        self.console = console()

    def json(self, value: object, *, one_line: bool = False) -> None:
        """Print JSON."""
        text = json.dumps(value, ensure_ascii=False, indent=None if one_line else 2)
        self._write(text + "\n")

    def _write(self, text: str) -> None:
        encoding = sys.stdout.encoding or "utf-8"
        sys.stdout.write(text.encode(encoding, "replace").decode(encoding))
        sys.stdout.flush()

    def say(self, text: str, style: str = "") -> None:
        """Print a line for people."""
        self.console.print(Text(harmless(text), style=style))

    def note(self, text: str) -> None:
        """Tell people something beside the answer, on standard error; programs are told nothing."""
        if not self.as_json:
            console(stderr=True).print(Text(harmless(text)))

    def done(self, value: object, line: str) -> None:
        """Print what was done: a line for people, the whole of it as JSON."""
        if self.as_json:
            self.json(value)
        else:
            self.say(line)

    def table(self, rows: Sequence[Mapping[str, Any]], title: str = "") -> None:
        """Print rows: aligned on a terminal, with tabs and uncut in a pipe."""
        names = _filled(rows)
        if not self.console.is_terminal:
            for line in [
                map(_header, names),
                *([_line(name, row.get(name)) for name in names] for row in rows),
            ]:
                self._write("\t".join(line) + "\n")
            return
        left_out: list[str] = []
        if len(names) > _COLUMNS_MAX:
            nested = [name for name in names if any(isinstance(row.get(name), dict | list) for row in rows)]
            kept = [name for name in names if name not in nested][:_COLUMNS_MAX]
            left_out = [name for name in names if name not in kept]
            names = kept
        if title:
            self.say(title, "italic")
        table = Table(box=None, pad_edge=False, header_style="bold")
        for name in names:
            number = all(isinstance(row.get(name), int | float) for row in rows) and not _TIME.search(name)
            fixed = number or name.endswith("_id")
            table.add_column(
                _header(name), justify="right" if number else "left", overflow="fold", no_wrap=fixed
            )
        for row in rows:
            table.add_row(*(_cell(name, row.get(name)) for name in names))
        self.console.print(table)
        if left_out:
            self.say(f"Not shown: {', '.join(left_out)} (--json shows all)", "dim")

    def record(self, row: Mapping[str, Any]) -> None:
        """Print one thing, a line for each of its facts; nested things as tables below."""
        nested = {name: value for name, value in row.items() if _is_rows(value)}
        plain = {name: value for name, value in row.items() if name not in nested}
        if not self.console.is_terminal:
            for name, value in row.items():
                self._write(f"{_header(name)}\t{_line(name, value)}\n")
            return
        grid = Table.grid(padding=(0, 2))
        grid.add_column(style="bold")
        grid.add_column(overflow="fold")
        for name, value in plain.items():
            text = shown(name, value)
            if text:
                grid.add_row(_header(name), Text(text))
        self.console.print(grid)
        for name, rows in nested.items():
            self.console.print()
            self.table(rows, name)

    def value(self, value: object) -> None:
        """Print whatever an operation gave, as JSON values."""
        if self.as_json:
            self.json(value)
        elif _is_rows(value) and isinstance(value, list):
            self.table(value)
        elif (rows := _page(value)) is not None and isinstance(value, Mapping):
            self.value(rows)
            if value["next"]:
                self.note(f"More follow; the next page begins after {value['next']} (see --help).")
        elif isinstance(value, Mapping):
            self.record(value)
        elif value == []:
            console(stderr=True).print("Nothing found.", style="dim")
        else:
            self.say(shown("", value))


def _is_rows(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(each, Mapping) for each in value)


def _page(value: object) -> list[Any] | None:
    """Give the things on a page of a list, if it is one: they stand beside where the next page begins."""
    if not isinstance(value, Mapping) or "next" not in value:
        return None
    lists = [each for each in value.values() if isinstance(each, list)]
    return lists[0] if len(lists) == 1 and (not lists[0] or _is_rows(lists[0])) else None
