"""What goes into widgets and what comes out of them."""

from typing import Literal

from pydantic import Field

from mainstay.kernel.interface import Record

VisitState = Literal["open", "waiting", "claimed", "closed"]


class Look(Record):
    """What a widget shows before anybody says anything; it is public."""

    title: str
    greeting: str = ""
    suggestions: list[str] = []
    colour: str = ""
    language: str = ""


class Widget(Look):
    """A bot's place on web pages."""

    widget_id: str = Field(description="Public: it stands in pages.")
    bot_id: str
    name: str
    origins: list[str]
    snippet: str = Field(description="What to put into a page, before `</body>`.")
    created_ms: int
    changed_ms: int


class WidgetDeleted(Record):
    """A widget that was deleted; its visitors are let in no more."""

    widget_id: str
    visitors: int


class Visit(Record):
    """A visitor, and the token with which she comes."""

    visitor_id: str
    token: str = Field(description="Send it as `Authorization: Bearer …`. It is told in this answer only.")
    ends_ms: int = Field(description="Until when it works; with it, a visitor is given a new one for a day.")


class Note(Record):
    """Where a sentence of an answer comes from."""

    number: int = Field(description="Which document, from 1: passages of one share it.")
    title: str
    text: str = Field(description="The passage.")
    sentence: int = Field(description="Which sentence of the answer it stands behind, from 0.")


class Said(Record):
    """A turn as visitors see it: what was said, and what was answered."""

    turn_id: str
    number: int
    text: str
    reply: str
    options: list[str] = Field(description="Between which the bot asks to choose; say one of them.")
    notes: list[Note]
    by: Literal["bot", "person"]
    kind: Literal["answer", "question", "talk"] = Field(
        description="What the reply is: only an `answer` is worth rating."
    )
    answered: bool = Field(description="False: the answer is still made, or was broken off.")
    created_ms: int


class SaidPiece(Record):
    """A part of a streamed answer: text as it comes; the last has the whole turn."""

    conversation_id: str
    turn_id: str
    text: str = ""
    result: Said | None = None
    state: VisitState | None = Field(None, description="Where the conversation stands, with the last.")


class VisitNews(Record):
    """Something new in a visitor's conversation: a turn, or where it stands."""

    conversation_id: str
    state: VisitState
    agent: str = Field(description="The name of the person who answers; empty: nobody, or it is not known.")
    turn: Said | None = None


class VisitStands(Record):
    """Where a visitor's conversation stands."""

    conversation_id: str
    state: VisitState


class Thanks(Record):
    """That a judgement was stored."""

    turn_id: str
    helpful: bool
