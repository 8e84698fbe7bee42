"""Templates without logic: `{{ name }}`, sections for what may be missing or is a list, and nothing else.

The syntax is a part of Mustache's (https://mustache.github.io/mustache.5.html), without escaping for HTML,
partials, lambdas and changes of delimiters. A template is taken apart once; values are put in as they are,
and never read as templates.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

DEPTH_MAX = 16
RENDERED_CHARACTERS_MAX = 1_000_000
STEPS_MAX = 200_000
"""How many tags and texts one rendering may go through: a fraction of a second."""

_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
_KEY = rf"\.|{_NAME}(?:\.{_NAME}){{0,15}}"
_TAG = re.compile(
    rf"(?<!\{{)\{{\{{(?:[ \t]*+(?:(?P<sign>[#^/])[ \t]*+)?(?P<key>{_KEY})[ \t]*+"
    r"|[ \t]*+(?P<comment>!)[^{}]*+)\}\}(?!\})"
)
_BLANK = re.compile(r"[ \t]*\Z")
_REST = re.compile(r"\r?\n|\Z")


class TemplateBroken(ValueError):
    """The text is no template."""


class ValueMissing(ValueError):
    """A value that the template asks for is not there."""


class TooMuchText(ValueError):
    """What the template becomes is too large."""


@dataclass(frozen=True)
class Tag:
    """A place for a value."""

    key: str


@dataclass
class Section:
    """A part that is there once, several times or not at all; `inverted`: where there is nothing."""

    key: str
    inverted: bool
    inside: list["Node"] = field(default_factory=list)


Node = str | Tag | Section


@dataclass(frozen=True)
class Names:
    """What a template asks for: always, or to see whether it is there."""

    plain: frozenset[str]
    sections: frozenset[str]


def parsed(template: str) -> list[Node]:
    """Take a template apart; raises TemplateBroken with the line."""
    root: list[Node] = []
    open_sections: list[Section] = []
    place = 0
    for found in _TAG.finditer(template):
        if found.start() < place:
            continue  # a line that stands alone has taken it along
        inside = open_sections[-1].inside if open_sections else root
        start, end = found.span()
        if found["comment"] or found["sign"]:
            start, end = _alone(template, start, end, place)
        _add_text(inside, template, place, start)
        place = end
        if found["comment"]:
            continue
        if not found["sign"]:
            inside.append(Tag(found["key"]))
        elif found["sign"] == "/":
            _close(open_sections, found["key"], template, found.start())
        else:
            section = Section(found["key"], found["sign"] == "^")
            inside.append(section)
            open_sections.append(section)
            if len(open_sections) > DEPTH_MAX:
                raise TemplateBroken(f"Sections may stand {DEPTH_MAX} deep in each other.")
    if open_sections:
        raise TemplateBroken(f"The section `{open_sections[-1].key}` has no end: write {{{{/ … }}}}.")
    _add_text(root, template, place, len(template))
    return root


def _close(open_sections: list[Section], key: str, template: str, place: int) -> None:
    if not open_sections or open_sections[-1].key != key:
        line = template.count("\n", 0, place) + 1
        raise TemplateBroken(f"Line {line}: `{key}` ends here, which is not the section that was begun last.")
    open_sections.pop()


def _add_text(inside: list[Node], template: str, start: int, end: int) -> None:
    text = template[start:end]
    if "{{" in text:
        line = template.count("\n", 0, start + text.index("{{")) + 1
        raise TemplateBroken(
            f"Line {line}: after `{{{{` stands no tag that is known. Write a name of letters, digits, `_`, "
            "or a section `# name`, `^ name`, `/ name`; for braces themselves use a variable that has them."
        )
    if text:
        inside.append(text)


def _alone(template: str, start: int, end: int, least: int) -> tuple[int, int]:
    """Take the whole line of a section's tag or a comment that stands alone on it, as Mustache does."""
    line = max(template.rfind("\n", 0, start) + 1, least)
    begins = line == 0 or template[line - 1] == "\n"
    rest = _REST.match(template, end)
    if begins and rest is not None and _BLANK.match(template[line:start]):
        return line, rest.end()
    return start, end


def names_in(nodes: Sequence[Node]) -> Names:
    """Give the variables that a template names: what stands inside of a section may be its items' instead."""
    plain, sections = set[str](), set[str]()
    for node in nodes:
        if isinstance(node, Tag):
            plain.add(node.key.split(".")[0])
        elif isinstance(node, Section):
            sections.add(node.key.split(".")[0])
    return Names(frozenset(plain - {""}), frozenset(sections - {""}))


def all_names(nodes: Sequence[Node]) -> frozenset[str]:
    """Give every name that stands first in a tag, also inside of sections."""
    found = set[str]()
    for node in nodes:
        if isinstance(node, Tag | Section):
            found.add(node.key.split(".")[0])
        if isinstance(node, Section):
            found |= all_names(node.inside)
    return frozenset(found - {""})


@dataclass
class Rendering:
    """One rendering, and how much of it is left that may be done."""

    characters: int = RENDERED_CHARACTERS_MAX
    steps: int = STEPS_MAX

    def text(self, nodes: Sequence[Node], values: Mapping[str, Any]) -> str:
        """Put values in; raises ValueMissing and TooMuchText."""
        return "".join(self._texts(nodes, [values]))

    def _texts(self, nodes: Sequence[Node], stack: list[Any]) -> Iterator[str]:
        for node in nodes:
            self.steps -= 1
            if self.steps < 0:
                raise TooMuchText(f"It has more than {STEPS_MAX:,} parts.")
            if isinstance(node, Section):
                yield from self._section(node, stack)
                continue
            text = node if isinstance(node, str) else _told(_find(node.key, stack), node.key)
            self.characters -= len(text)
            if self.characters < 0:
                raise TooMuchText(f"It has more than {RENDERED_CHARACTERS_MAX:,} characters.")
            yield text

    def _section(self, section: Section, stack: list[Any]) -> Iterator[str]:
        value = _find(section.key, stack)
        here = (
            value is not _MISSING and value is not None and value is not False and value not in ("", [], {})
        )
        if section.inverted:
            if not here:
                yield from self._texts(section.inside, stack)
        elif here:
            for each in value if isinstance(value, list) else [value]:
                yield from self._texts(section.inside, [*stack, each])


_MISSING = object()


def _find(key: str, stack: Sequence[Any]) -> Any:
    """Give a value: the first name by the innermost that has it, the further ones inside of that."""
    if key == ".":
        return stack[-1]
    first, *further = key.split(".")
    value = next(
        (each[first] for each in reversed(stack) if isinstance(each, dict) and first in each), _MISSING
    )
    for name in further:
        value = value[name] if isinstance(value, dict) and name in value else _MISSING
    return value


def _told(value: Any, key: str) -> str:
    if value is _MISSING or value is None:
        raise ValueMissing(key)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
