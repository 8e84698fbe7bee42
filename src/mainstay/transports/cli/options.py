"""From an operation's parameter to an option of a command, and from its text to a value."""

import json
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from mainstay.kernel.interface import Operation, Parameter, Upload
from mainstay.kernel.wire import FileUpload

Form = Literal["string", "integer", "number", "boolean", "list", "json", "file"]

_METAVARS: Mapping[Form, str] = {
    "string": "TEXT",
    "integer": "INTEGER",
    "number": "NUMBER",
    "list": "TEXT",
    "json": "JSON",
    "file": "PATH",
}
_INTEGER = re.compile(r"[+-]?\d{1,40}")
_LIMITS = (
    ("minimum", "maximum", "{low} to {high}"),
    ("minLength", "maxLength", "{low} to {high} characters"),
    ("minItems", "maxItems", "{low} to {high} items"),
    ("minProperties", "maxProperties", "{low} to {high} entries"),
)


def _variants(schema: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found = [*schema.get("anyOf", ()), *schema.get("oneOf", ())] or [schema]
    return [each for each in found if each.get("type") != "null"]


def form_of(schema: Mapping[str, Any]) -> Form:
    """Tell from a parameter's JSON schema how its text is read."""
    variants = _variants(schema)
    if len(variants) != 1:
        return "json"
    kind = variants[0].get("type")
    if kind == "array":
        return "list"
    if "enum" in variants[0] or "const" in variants[0]:
        return "string"
    return kind if kind in {"string", "integer", "number", "boolean"} else "json"


def _limits(only: Mapping[str, Any]) -> str:
    for low, high, words in _LIMITS:
        if low in only and high in only:
            return words.format(low=only[low], high=f"{only[high]:,}")
        if high in only:
            return "at most " + words.partition("{low} to ")[2].format(high=f"{only[high]:,}")
    return ""


def long_text(text: str) -> str:
    """Read `@path` from a file and `-` from standard input; `@@` stands for an at sign."""
    if text == "-":
        return sys.stdin.read().removesuffix("\n")
    if text.startswith("@@"):
        return text[1:]
    if not text.startswith("@"):
        return text
    try:
        return Path(text[1:]).read_text(encoding="utf-8")
    except OSError as error:
        raise typer.BadParameter(
            f"Cannot read {text[1:]} ({error.strerror}); write @@ for an at sign."
        ) from None
    except UnicodeDecodeError:
        raise typer.BadParameter(f"{text[1:]} is no text in UTF-8.") from None


def _number(text: str) -> Any:
    try:
        return int(text) if _INTEGER.fullmatch(text) else float(text)
    except ValueError:
        return text


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise typer.BadParameter(
            f"This is no JSON ({error}). Write it like '{{\"year\": 2026}}', or as @file.json."
        ) from None


def _file(text: str) -> Upload:
    if text == "-":
        return Upload("stdin", None, sys.stdin.buffer.read())
    return FileUpload(Path(text))


@dataclass(frozen=True)
class Choice:
    """One option: its parameter and how its text becomes a value."""

    parameter: Parameter
    form: Form
    schema: Mapping[str, Any]

    @property
    def flag(self) -> str:
        """Give the option as it is typed."""
        return "--" + self.parameter.name.replace("_", "-")

    def read(self, given: Any) -> Any:
        """Make a value of what was typed; a number that is none stays text, for the server to refuse."""
        if given == "null" and self._takes_away:
            return None
        try:
            if self.form == "list":
                return self._items(given)
            return given if self.form == "boolean" else self._one(self.form, given)
        except typer.BadParameter as error:
            raise typer.BadParameter(f"{self.flag}: {error.message}") from None

    def _one(self, form: Form, text: str) -> Any:
        if form == "file":
            return _file(text)
        if form in {"integer", "number"}:
            return _number(text)
        text = long_text(text)
        return _json(text) if form == "json" else text

    def _items(self, given: list[str]) -> list[Any]:
        items = self._only.get("items", {})
        values: list[Any] = []
        for text in map(long_text, given):
            if text.lstrip().startswith("["):
                values.extend(_json(text))
            else:
                values.append(self._one(form_of(items), "@" + text if text.startswith("@") else text))
        return values

    @property
    def _takes_away(self) -> bool:
        """Say whether null is something else than leaving the option out."""
        left_out = self.parameter.required or self.parameter.default is None
        return not left_out and any(each.get("type") == "null" for each in self.schema.get("anyOf", ()))

    @property
    def _only(self) -> Mapping[str, Any]:
        """Give the schema without the null beside it."""
        variants = _variants(self.schema)
        return variants[0] if len(variants) == 1 else {}

    @property
    def _help(self) -> str:
        told = self.schema.get("description") or self._only.get("description") or ""
        default = self.parameter.default
        plain = isinstance(default, str | int | float) and default not in {"", False}
        facts = [_limits(self._only), f"default {default}" if plain else ""]
        brackets = "; ".join(fact for fact in facts if fact)
        several = "May be given several times, or as a JSON list." if self.form == "list" else ""
        old = self.parameter.deprecated.words if self.parameter.deprecated is not None else ""
        return " ".join(part for part in (told, f"({brackets})" if brackets else "", several, old) if part)

    @property
    def _metavar(self) -> str | None:
        return "|".join(map(str, self._only["enum"])) if "enum" in self._only else _METAVARS.get(self.form)

    def _completion(self) -> Callable[[str], list[str]]:
        choices = [str(each) for each in self._only.get("enum", ())]

        def complete(incomplete: str) -> list[str]:
            return [each for each in choices if each.startswith(incomplete)]

        return complete

    def annotation(self) -> Any:
        """Give the option's type and description for typer."""
        kinds: Mapping[Form, Any] = {"boolean": bool, "list": list[str]}
        kind = kinds.get(self.form, str)
        option = typer.Option(
            f"{self.flag}/--no-{self.flag[2:]}" if self.form == "boolean" else self.flag,
            help=self._help,
            metavar=None if self.form == "boolean" else self._metavar,
            show_default=False,
            autocompletion=None if self.form == "file" else self._completion(),
        )
        return Annotated[kind if self.parameter.required else kind | None, option]


def choices_of(operation: Operation) -> list[Choice]:
    """Give the options of an operation, in the order of its signature."""
    schema = operation.model.model_json_schema()
    definitions = schema.get("$defs", {})
    choices = []
    for parameter in operation.parameters:
        told = schema["properties"][parameter.name]
        for reference in [each for each in (told.get("$ref"),) if each]:
            told = {**definitions[reference.rpartition("/")[2]], **told}
        form: Form = "file" if parameter.upload else form_of(told)
        choices.append(Choice(parameter, form, told))
    return choices
