"""Sentences that a generator writes, passed on once the sources that they name bear them out."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mainstay.kit.rendering import plain
from mainstay.kit.sentences import sentences
from mainstay.services.knowledge.answering import SUPPORT_LEAST, support

MARK = re.compile(r"\[(\d{1,3})\]")
"""How a generator names a source, behind the sentence that rests on it."""

_RUN = re.compile(rf"{MARK.pattern}(?:\s*{MARK.pattern})*")
_OVER = re.compile(r"\s*(?:[^\s\[]|\[(?:\D|\d{1,3}[^\d\]]|\d{4}))")
"""What stands behind a run of marks to which no further mark can come."""

_STOPS = ".!?…。！？"
_STOP = re.compile(rf"[{_STOPS}]+[\"'”’»)」』]*")
"""What ends a sentence whose marks stand before it: `at nine [1].`"""


@dataclass(frozen=True)
class Sentence:
    """A sentence as a reader sees it, and which sources it rests on, from 0."""

    text: str
    cited: tuple[int, ...]


class Grounding:
    """Holds what is written back until its marks have come, and leaves out what they do not bear out.

    Sentences without marks rest on the next ones: writers often cite once for all that they took from a
    source. How a text is cut into pieces changes nothing. Until the first citation nothing is given, so
    that `It is.` never stands alone for an answer.
    """

    def __init__(self, evidence: Sequence[str]) -> None:
        """Take the sources' texts, numbered from 1 in marks."""
        self._evidence = evidence
        self._held = ""
        self._waiting: list[Sentence] = []
        self._cited = False
        self.unsupported = 0
        """How many sentences were left out."""

    def add(self, words: str) -> list[Sentence]:
        """Take what was written; give what is borne out by now."""
        self._held += words
        found: list[Sentence] = []
        while (run := _RUN.search(self._held)) is not None and _OVER.match(self._held, run.end()):
            stop = _STOP.match(self._held, run.end())
            if stop is not None and stop.end() == len(self._held):
                break  # more of it may come
            found += self._checked(_ended(self._held[: run.start()], stop), run[0])
            self._held = self._held[(stop or run).end() :]
        return self._given(found)

    def rest(self) -> list[Sentence]:
        """Give what is borne out of the rest, when nothing follows."""
        text, marks, run = self._held, "", _RUN.search(self._held)
        if run is not None:
            text, marks = _ended(text[: run.start()], _STOP.match(text, run.end())), run[0]
        self._held = ""
        return self._given(list(self._checked(text, marks)))

    def _checked(self, text: str, marks: str) -> Iterator[Sentence]:
        numbers = dict.fromkeys(int(number) for number in MARK.findall(marks))
        cited = tuple(number - 1 for number in numbers if 0 < number <= len(self._evidence))
        backing = [self._evidence[place] for place in cited]
        for start, end in sentences(text):
            shown = plain(text[start:end]).strip()
            if not any(sign.isalnum() for sign in shown):
                continue
            if support(shown, ()) >= SUPPORT_LEAST:  # it says nothing that would need a source
                yield Sentence(shown, ())
            elif support(shown, backing) >= SUPPORT_LEAST:
                yield Sentence(shown, cited)
            else:
                self.unsupported += 1

    def _given(self, found: list[Sentence]) -> list[Sentence]:
        self._waiting += found
        self._cited = self._cited or any(sentence.cited for sentence in found)
        if not self._cited:
            return []
        given, self._waiting = self._waiting, []
        return given


def _ended(text: str, stop: re.Match[str] | None) -> str:
    """Give a text with the stop from behind its marks, if it has none of its own."""
    text = text.rstrip()
    return text if stop is None or text.endswith(tuple(_STOPS)) else text + stop[0]
