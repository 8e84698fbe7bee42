"""Hides personal data from a generator: marks stand for it, and it is put back into the answer."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from mainstay.ports.personal_data import PersonalDatum
from mainstay.services.generation.wanted import Wanted

_MARK_LENGTH_MAX = 48


class Veil:
    """Remembers which mark stands for what, for one request; the same value has the same mark."""

    def __init__(self, find: Callable[[str], Sequence[PersonalDatum]], salt: str) -> None:
        """Take what finds it; `salt` makes marks that nobody could have written by chance."""
        self._find = find
        self._salt = salt
        self._marks: dict[str, str] = {}

    @property
    def values(self) -> Mapping[str, str]:
        """Give what each mark stands for."""
        return {mark: value for value, mark in self._marks.items()}

    def hide(self, wanted: Wanted) -> Wanted:
        """Give a request without personal data; it takes seconds for long ones."""
        return replace(
            wanted,
            messages=[
                message.model_copy(
                    update={
                        "content": self._hidden(message.content),
                        "calls": [
                            call.model_copy(update={"arguments": self._hidden(call.arguments)})
                            for call in message.calls
                        ],
                    }
                )
                for message in wanted.messages
            ],
            documents=[
                document.model_copy(
                    update={"text": self._hidden(document.text), "title": self._hidden(document.title)}
                )
                for document in wanted.documents
            ],
        )

    def _hidden(self, text: str) -> str:
        pieces, place = [], 0
        for found in self._find(text):
            pieces += [text[place : found.start], self._mark(found.kind, text[found.start : found.end])]
            place = found.end
        return "".join([*pieces, text[place:]])

    def _mark(self, kind: str, value: str) -> str:
        number = len(self._marks) + 1
        return self._marks.setdefault(value, f"[{kind.upper()}_{number}_{self._salt}]")


class Unveiling:
    """Puts values back into a text that comes in pieces; what may be the beginning of a mark is held back."""

    def __init__(self, values: Mapping[str, str], *, in_json: bool) -> None:
        """Take what each mark stands for; in JSON values are written as parts of its texts."""
        self._values = {
            mark: json.dumps(value, ensure_ascii=False)[1:-1] if in_json else value
            for mark, value in values.items()
        }
        self._any = re.compile("|".join(map(re.escape, self._values)) or r"(?!)")
        self._held = ""

    def add(self, text: str) -> str:
        """Take a piece; give what may be shown by now."""
        whole = self._held + text
        opened = whole.rfind("[")
        waits = opened >= 0 and "]" not in whole[opened:] and len(whole) - opened < _MARK_LENGTH_MAX
        cut = opened if waits else len(whole)
        self._held = whole[cut:]
        return self._opened(whole[:cut])

    def rest(self) -> str:
        """Give what is held, when nothing follows."""
        held, self._held = self._held, ""
        return self._opened(held)

    def _opened(self, text: str) -> str:
        return self._any.sub(lambda found: self._values[found[0]], text)
