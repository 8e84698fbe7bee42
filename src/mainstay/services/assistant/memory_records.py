"""What bots remember of persons: the facts, whether they may, and for how long."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints

from mainstay.kernel.interface import Input, Record
from mainstay.kit.visible import seen

FACTS_MAX = 50
"""So many facts of a person a bot remembers; of more, the oldest are forgotten."""
FACT_MAX = 600

FactId = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[\w-]+$")]
FactText = Annotated[
    str,
    StringConstraints(min_length=1, max_length=FACT_MAX, pattern=r"^[^\x00]*$"),
    AfterValidator(seen),
    Field(description="The fact in a short sentence; of a slot, its value."),
]
Person = Annotated[
    str,
    StringConstraints(min_length=1, max_length=64, pattern=r"^[\w-]+$"),
    Field(description="Who talks with the bot: somebody else than you only with `conversations:all`."),
]


class Remembering(Input):
    """Whether a bot may ask persons to remember something of them, and for how long it does."""

    on: Annotated[
        bool, Field(description="Off, nothing is remembered, and what was is not used any more.")
    ] = False
    asks: Annotated[
        bool,
        Field(description="Ask each person once, when something to remember was said; else wait to be told."),
    ] = True
    days: Annotated[
        int, Field(ge=1, le=3650, description="After so many days a fact that was not said again is erased.")
    ] = 365


class Fact(Record):
    """Something that a person said of herself, in her own words."""

    fact_id: str
    text: str
    slot: str | None = Field(description="The slot that it fills; null: it was said as a sentence.")
    value: str | None = Field(description="What the slot is filled with.")
    source: Literal["told", "slot", "noticed", "changed"] = Field(
        description=(
            "`told`: by `remember that`; `slot`: it was asked for; `noticed`: a generator found it in what "
            "was said; `changed`: by a call."
        )
    )
    turn_id: str | None = Field(description="The turn in which it was said.")
    created_ms: int
    expires_ms: int


class Memory(Record):
    """What a bot remembers of a person.

    `choice` is `open` until she has said yes or no; nothing is remembered before a yes.
    """

    bot_id: str
    choice: Literal["open", "yes", "no"]
    asked: bool = Field(description="Whether the bot has asked for it.")
    chosen_ms: int | None = Field(description="When she said yes or no.")
    on: bool = Field(description="Whether the bot remembers anything of anybody.")
    facts: list[Fact] = Field(description="Oldest first.")


class FactForgotten(Record):
    """A fact that was erased."""

    fact_id: str


class FactsForgotten(Record):
    """How many facts were erased."""

    forgotten: int
