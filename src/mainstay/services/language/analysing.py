"""Says what texts say: one reading by the model, and rules beside it, put together."""

import asyncio
import math
import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Literal, cast

from mainstay.kit.together import together
from mainstay.ports import readers
from mainstay.ports.languages import Languages
from mainstay.ports.personal_data import PersonalData
from mainstay.ports.readers import Reader, Reading
from mainstay.services.language.figures import figures
from mainstay.services.language.given import bearable
from mainstay.services.language.keywords import Phrase, phrases
from mainstay.services.language.limits import Part
from mainstay.services.language.records import Analysis, MentionFound
from mainstay.services.language.taken import Taken
from mainstay.services.language.tongues import Tongue, tongues_of

_KEY_TERMS = 10
_FIGURE_SCORE = 0.95
_LIKELY = 0.5
_TOGETHER = 64  # as many as the lanes cut a batch into
"""So many texts of a batch at most are one group: while the model reads one, rules look at another."""

_MANY = 4  # groups; halves of fewer could be so small that they are read as a person's

_INLINE = 4_000
"""Texts of so many characters together take a millisecond or two; a thread would cost more than that."""

_PERSONAL = re.compile(r"[@＠:]|(?:\d\D*?){4}")
"""What every kind of personal data has some of."""

_NAMES = frozenset({"entities", "mentions"})
_NO_READING = Reading(None, None)
_Verdict = Literal["positive", "negative", "neutral"]


class Analysing:
    """The analysis of texts."""

    def __init__(self, reader: Reader, languages: Languages, personal_data: PersonalData) -> None:
        """Take the engines."""
        self._reader = reader
        self._languages = languages
        self._personal_data = personal_data

    async def analyze(self, texts: Sequence[str], parts: frozenset[Part], hint: str | None) -> list[Analysis]:
        """Give one analysis a text, whose language may be said.

        Raises ReaderUnavailable, and FindingsTooMany for an answer whose writing would hold all others up.
        """
        wanted: list[readers.Part] = ["sentiment"] if "sentiment" in parts else []
        wanted += ["mentions"] if parts & _NAMES else []
        turn = asyncio.Lock()
        async with together() as work:
            groups = [
                work.create_task(self._group(group, wanted, parts, hint, turn)) for group in _groups(texts)
            ]
        found = [analysis for group in groups for analysis in group.result()]
        bearable(sum(len(analysis.mentions) for analysis in found))
        return found

    async def _group(
        self,
        texts: Sequence[str],
        wanted: Sequence[readers.Part],
        parts: frozenset[Part],
        hint: str | None,
        turn: asyncio.Lock,
    ) -> list[Analysis]:
        inline = sum(map(len, texts)) <= _INLINE
        known = await self._reader.languages(wanted) if wanted else frozenset[str]()
        if inline:
            tongues = self._told(texts, known, hint)
        else:
            async with turn:  # side by side all groups would be late, and the model would wait for the first
                tongues = await asyncio.to_thread(self._told, texts, known, hint)
        read = [_NO_READING] * len(texts)
        if wanted:
            read = await self._reader.read(texts, [each.read_in for each in tongues], wanted)
        if inline:
            return self._composed(texts, tongues, read, parts)
        return await asyncio.to_thread(self._composed, texts, tongues, read, parts)

    def _told(self, texts: Sequence[str], known: frozenset[str], hint: str | None) -> list[Tongue]:
        return tongues_of(self._languages.detect_many, texts, known, hint)

    def _composed(
        self,
        texts: Sequence[str],
        tongues: Sequence[Tongue],
        read: Sequence[Reading],
        parts: frozenset[Part],
    ) -> list[Analysis]:
        return [
            self._analysis(text, told, reading, parts)
            for text, told, reading in zip(texts, tongues, read, strict=True)
        ]

    def _analysis(self, text: str, told: Tongue, reading: Reading, parts: frozenset[Part]) -> Analysis:
        taken = Taken(len(text))
        stated = self._stated(text, taken) if parts & _NAMES else []
        names = [
            _mention(text, each.kind, each.start, each.end, each.score)
            for each in reading.mentions or ()
            if taken.take(each.start, each.end)
        ]
        terms = phrases(text, told.read_in, _KEY_TERMS) if parts & {"entities", "keywords"} else []
        verdict, confidence = _verdict(reading)
        missing: list[Literal["sentiment", "names"]] = []
        if "sentiment" in parts and verdict is None:
            missing.append("sentiment")
        if parts & _NAMES and reading.mentions is None:
            missing.append("names")
        return Analysis(
            sentiment=verdict,
            confidence=confidence,
            entities=_entities(text, names, stated, terms) if "entities" in parts else [],
            keywords=[text[each.start : each.end] for each in terms] if "keywords" in parts else [],
            language=told.language,
            mentions=sorted([*names, *stated], key=lambda each: each.start) if "mentions" in parts else [],
            unsupported=missing,
            language_confidence=told.confidence,
            read_as=None if told.read_in == told.language else told.read_in,
        )

    def _stated(self, text: str, taken: Taken) -> list[MentionFound]:
        """Give what rules find: personal data, and then figures that are no part of it."""
        ruled, counted = self._personal_data.find(text) if _PERSONAL.search(text) else [], figures(text)
        bearable(len(ruled) + len(counted))
        personal = [
            _mention(text, each.kind, each.start, each.end, each.confidence)
            for each in ruled
            if taken.take(each.start, each.end)
        ]
        measured = [
            _mention(text, each.kind, each.start, each.end, _FIGURE_SCORE)
            for each in counted
            if taken.take(each.start, each.end)
        ]
        return personal + measured


def _groups(texts: Sequence[str]) -> list[Sequence[str]]:
    """Cut a batch into groups of like size: a few left over would be read first, as a person's.

    The first and the last of many are half as large: the model waits for the first until rules have looked
    at it, and whoever asked waits for rules to look at the last.
    """
    count = max(1, math.ceil(len(texts) / _TOGETHER))
    whole = list(range(count + 1))
    ends = whole if count < _MANY else [0, *(end + 0.5 for end in whole), count + 1]
    cuts = [round(len(texts) * end / ends[-1]) for end in ends]
    return [texts[start:end] for start, end in pairwise(cuts)]


def _mention(text: str, kind: str, start: int, end: int, score: float) -> MentionFound:
    return MentionFound(type=kind, text=text[start:end], start=start, end=end, score=score)


def _verdict(reading: Reading) -> tuple[_Verdict | None, float | None]:
    if not reading.sentiment:
        return None, None
    label = max(reading.sentiment, key=reading.sentiment.__getitem__)
    return cast("_Verdict", label), reading.sentiment[label]


def _entities(
    text: str, names: Sequence[MentionFound], stated: Sequence[MentionFound], terms: Sequence[Phrase]
) -> list[str]:
    """Give likely names, then key terms in the text's order; each once.

    What a name holds already is no term, and no more is a part of an address, a date or an amount.
    """
    likely = [name for name in names if name.score >= _LIKELY]
    found = {name.text.casefold(): name.text for name in likely}
    taken = Taken(len(text))
    for name in likely:
        taken.take(name.start, name.end)
    for term in sorted(terms, key=lambda each: each.start):
        part = any(each.start <= term.start and term.end <= each.end for each in stated)
        if not part and taken.take(term.start, term.end):
            written = text[term.start : term.end]
            found.setdefault(written.casefold(), written)
    return list(found.values())
