"""Writing HTML: every value is escaped unless it is HTML already, and only this room makes HTML of text."""

from collections.abc import Iterable
from html import escape
from string import Template


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


def fill(template: str, **values: object) -> Html:
    """Put values into a template of ours, at its `$names`; raises KeyError when one is missing."""
    ready = {name: value if isinstance(value, Html) else escape(str(value)) for name, value in values.items()}
    return Html(Template(template).substitute(ready))


def joined(parts: Iterable[Html]) -> Html:
    """Put pieces of HTML behind each other."""
    return Html("".join(parts))


NOTHING = Html()
