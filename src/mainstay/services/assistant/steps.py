"""Where a conversation stands, what was heard, and what a bot does about it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal

from mainstay.services.assistant.records import ReplyKind, Understood

Does = Literal["say", "search", "escalate", "call", "resume"]


@dataclass(frozen=True)
class Standing:
    """Where a conversation stands: for which intent, what is known, what was asked for or offered.

    `confirming` is the question to which a yes is waited for, word by word: the bot may be changed meanwhile.
    `recalling` is what is remembered and would be used again after a yes, `declined` the slots to which
    that was refused; `noting` are facts that are kept after a yes. `mentioned` are the entities of a text for
    which intents are offered.
    """

    intent: str | None = None
    slots: Mapping[str, str] = field(default_factory=dict)
    asking: str | None = None
    tries: int = 0
    offered: Sequence[str] = ()
    confirming: str = ""
    question: str = ""
    misses: int = 0
    said: Mapping[str, int] = field(default_factory=dict)
    recalling: Mapping[str, str] = field(default_factory=dict)
    declined: Sequence[str] = ()
    noting: Sequence[Mapping[str, str]] = ()
    mentioned: Sequence[Mapping[str, Any]] = ()

    def to_json(self) -> dict[str, Any]:
        """Write it down; what was added later only where it says something, so that old servers read it."""
        return {name: value for name, value in asdict(self).items() if value or name not in _LATER}

    @classmethod
    def of(cls, written: Mapping[str, Any]) -> "Standing":
        """Read what was written down, by a newer server too."""
        return cls(**{name: value for name, value in written.items() if name in _NAMES})


_NAMES = {each.name for each in fields(Standing)}
_LATER = {"recalling", "declined", "noting", "mentioned"}


@dataclass(frozen=True)
class Heard:
    """What somebody said, and what the bot makes of it; `threshold` is where scope ends.

    `known` is what slots were filled with before, by their names and entities, where that is remembered.
    """

    text: str
    understood: Understood
    threshold: float
    known: Mapping[tuple[str, str], str] = field(default_factory=dict)


@dataclass(frozen=True)
class Step:
    """What the bot does, and where the conversation stands then.

    It says `reply`, looks for `query` in its collections, calls a person, answers itself again, or calls the
    intent's operation.
    `chats` where that is all there is to say: it was no question. `says` is what the reply is, where that
    does not follow from where the conversation stands. `unfilled` where what was said is no value of what was
    asked for; `otherwise` is what the bot does where a search finds nothing, `reply` what it says after it.
    """

    standing: Standing
    does: Does = "say"
    reply: str = ""
    query: str = ""
    fallback: Literal["clarify", "search", "escalate"] | None = None
    options: Sequence[str] = ()
    confirmed: bool = False
    chats: bool = False
    says: ReplyKind | None = None
    unfilled: bool = False
    otherwise: "Step | None" = None

    @property
    def kind(self) -> ReplyKind:
        """Say what the reply is."""
        at, talks = self.standing, self.chats or self.does == "escalate"
        asks = at.asking or at.offered or at.confirming or at.recalling
        return self.says or ("talk" if talks else "question" if asks else "answer")
