"""Facts that a person says of herself in passing: found by a generator, taken in her own words alone."""

import re
from collections.abc import Sequence

from mainstay.kernel.lending import in_name_of
from mainstay.kernel.work import emit
from mainstay.ports.generator import Generator
from mainstay.services.assistant.bots import Bots
from mainstay.services.assistant.conversation_store import ConversationStore
from mainstay.services.assistant.end_users import Whose
from mainstay.services.assistant.failures import BotMissing
from mainstay.services.assistant.happenings import WordsSaid
from mainstay.services.assistant.memory_records import FACT_MAX, Remembering
from mainstay.services.assistant.recollection import Change, Note, Recalled
from mainstay.services.assistant.records import Definition
from mainstay.services.assistant.remembering import Memories
from mainstay.services.assistant.wording import cleaned

_TASK = (
    "Which lasting facts does the person who wrote the source say of herself, such as her name, sizes, "
    "preferences, or where she lives? Quote each word for word on a line of its own, and write nothing where "
    "there are none. Leave out questions, wishes and orders."
)
_FACTS_AT_ONCE = 5
_WORDS_LEAST = 3
_TOKENS_MAX = 1_000
_WORD = re.compile(r"\w+")


class Noticing:
    """Looks for facts in what was said, where somebody has said yes to that."""

    def __init__(
        self, store: ConversationStore, bots: Bots, memories: Memories, generator: Generator
    ) -> None:
        """Take the parts."""
        self._store = store
        self._bots = bots
        self._memories = memories
        self._generator = generator

    def note(self, bot_id: str, turn_id: str, settings: Remembering, known: Recalled, text: str) -> None:
        """Have a turn looked at later, if a generator is set and there may be something in it."""
        telling = len(_WORD.findall(text)) >= _WORDS_LEAST and not text.rstrip().endswith("?")
        if settings.on and known.choice == "yes" and telling and not self._generator.extractive:
            emit(WordsSaid(bot_id=bot_id, turn_id=turn_id))

    async def look(self, bot_id: str, turn_id: str) -> None:
        """Ask the generator what facts are in a turn, and keep those that are quoted from it."""
        row = await self._store.turn(turn_id)
        if row is None:
            return
        try:
            bot = await self._bots.existing(bot_id)
        except BotMissing:
            return
        place = await self._store.conversation(row.conversation_id)
        if place is None:
            return
        settings, whose = Definition.model_validate(bot.definition).memory, Whose(row.subject, place.end_user)
        if (await self._memories.recalled(bot_id, settings, whose)).choice != "yes":
            return
        text = cleaned(str(row.content["text"]))
        with in_name_of(row.subject):
            written = await self._generator.compose(_TASK, text, _TOKENS_MAX)
        found = quoted(written, text)
        known = await self._memories.recalled(bot_id, settings, whose)
        if known.choice != "yes":  # it was taken back meanwhile
            return
        told = {note.text.casefold() for note in known.notes}
        notes = [Note(fact) for fact in found if all(fact.casefold() not in each for each in told)]
        if notes:
            change = Change(notes=notes)
            await self._memories.keep(bot_id, settings, whose, change, turn_id, "noticed")


def quoted(written: str, text: str) -> list[str]:
    """Give the lines that stand in a text word for word, as they stand there; nothing else was said."""
    spans = [(match[0].casefold(), match.start(), match.end()) for match in _WORD.finditer(text)]
    found: dict[str, None] = {}
    for line in written.splitlines():
        wanted = [word.casefold() for word in _WORD.findall(line)]
        place = _place([word for word, _, _ in spans], wanted) if len(wanted) >= _WORDS_LEAST else None
        if place is not None:
            found[text[spans[place][1] : spans[place + len(wanted) - 1][2]][:FACT_MAX]] = None
    return list(found)[:_FACTS_AT_ONCE]


def _place(words: Sequence[str], wanted: Sequence[str]) -> int | None:
    count = len(wanted)
    places = range(len(words) - count + 1)
    return next((place for place in places if list(words[place : place + count]) == list(wanted)), None)
