"""Which texts ask for something: those that a bot could learn an intent from."""

from datetime import UTC, date, datetime

from mainstay.kit.stopwords import STOP_WORDS
from mainstay.services.assistant.built_ins import BUILT_INS
from mainstay.services.assistant.cues import bare, cues_of
from mainstay.services.assistant.entities import Finder
from mainstay.services.assistant.records import Definition
from mainstay.services.assistant.wording import words

_NAMING = {"e", "mail", "address", "adresse", "correo", "nr", "nummer", "numéro", "número", "téléphone"}
"""What somebody calls an entity by who gives it, beside the names of slots and entities."""


class Questions:
    """Tells questions from what people say for what a bot has asked them."""

    def __init__(self, definition: Definition) -> None:
        """Take what a bot is."""
        self._finder = Finder(definition.entities)
        self._cues = cues_of(definition.languages)
        slots = [slot for intent in definition.intents for slot in intent["slots"]]
        named = {
            word for slot in slots for word in words(f"{slot['name']} {slot['entity']}".replace("_", " "))
        }
        self._empty = named.union(_NAMING, BUILT_INS, *STOP_WORDS.values())

    def has(self, text: str, created_ms: int) -> bool:
        """Say whether a text is one: no yes or no, no correction, more than an entity or personal data."""
        said = bare(text)
        if said in self._cues.yes | self._cues.no | self._cues.cancel or self._cues.asks_back(said):
            return False
        if self._cues.meaning(text) is not None:
            return False
        found = self._finder.find(text, _day(created_ms), BUILT_INS)
        if found and self._cues.corrects(said):
            return False
        left = text
        for one in found:
            left = left[: one.start] + " " * (one.end - one.start) + left[one.end :]
        return not found or any(word not in self._empty for word in words(left))


def _day(created_ms: int) -> date:
    return datetime.fromtimestamp(created_ms / 1000, UTC).date()
