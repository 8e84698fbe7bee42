"""How large, how long and of what form each input of widgets may be."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

WIDGETS_MAX = 20
VISITOR_LIMIT = 120
"""How many requests a visitor may send in a minute."""

_ID = r"^[\w-]+$"
_NO_NUL = r"^[^\x00]*$"
_PRINTABLE = r"^[^\x00-\x1f\x7f]+$"
_LINE = r"^[^\x00-\x1f\x7f]*$"

WidgetId = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=_ID)]
WidgetName = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=_PRINTABLE)]
Origin = Annotated[
    str,
    StringConstraints(
        max_length=300,
        pattern=r"^(https://[A-Za-z0-9][A-Za-z0-9.:-]*|http://(localhost|127\.0\.0\.1)(:[0-9]{1,5})?)$",
    ),
]
Origins = Annotated[
    list[Origin],
    Field(
        min_length=1,
        max_length=50,
        description=(
            "On whose pages it may stand, each as a browser names it: scheme, host and port, without a path, "
            "as `https://www.example.com` (of this machine also `http://localhost:3000`)."
        ),
    ),
]
Title = Annotated[
    str,
    StringConstraints(max_length=60, pattern=_LINE),
    Field(description="What stands above the conversation; the bot's name if empty."),
]
Greeting = Annotated[
    str,
    StringConstraints(max_length=500, pattern=_NO_NUL),
    Field(description="What visitors read before they say anything."),
]
Suggestions = Annotated[
    list[Annotated[str, StringConstraints(min_length=1, max_length=80, pattern=_PRINTABLE)]],
    Field(max_length=4, description="Questions that visitors can ask by a click."),
]
Colour = Annotated[
    str,
    StringConstraints(pattern=r"^(#[0-9a-fA-F]{6})?$"),
    Field(description="Of the button and of what visitors say, as `#1d4ed8`; empty: that of Mainstay."),
]
Language = Annotated[
    Literal["", "en", "de", "fr", "es"],
    Field(description="Of the widget's own words; empty: that of the page, where it is one of these."),
]
VisitToken = Annotated[
    str,
    StringConstraints(min_length=1, max_length=100, pattern=r"^\w+$"),
    Field(description="The token that a visitor has: she stays the same visitor."),
]
