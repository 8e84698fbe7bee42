"""What many texts are about: groups of near vectors, told by the phrases that set them apart.

As BERTopic does it (Grootendorst 2022): a phrase weighs by how often a topic's texts hold it, against how
often all do.
"""

import asyncio
import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from mainstay.ports.encoder import Encoder
from mainstay.ports.languages import Languages
from mainstay.services.language.given import within
from mainstay.services.language.groups import Vectors, centres_of, grouped, stray
from mainstay.services.language.keywords import phrases
from mainstay.services.language.stems import stemmer
from mainstay.services.language.tongues import UNKNOWN
from mainstay.services.language.topic_records import Topic, TopicAnswer, TopicTerm

_FEW = 16
_PHRASES, _TERMS, _NAMED, _TYPICAL = 20, 8, 3, 3
_LOOKED_AT = 4_000
_TEXTS_LEAST = 2
_AT_ONCE = 2
"""So many requests are grouped at a time: threads are few, and shared with all that is quick."""

_LABEL_MAX = 60
_APART = " / "

Counted = Mapping[str, int]


class Topics:
    """Topics of texts."""

    def __init__(self, encoder: Encoder, languages: Languages) -> None:
        """Take the engines."""
        self._encoder = encoder
        self._languages = languages
        self._free = asyncio.Semaphore(_AT_ONCE)

    async def find(self, texts: Sequence[str], count: int | None) -> TopicAnswer:
        """Find the topics of texts; raises TextUnclear."""
        vectors = await self._encoder.embed(within(texts), lane="query" if len(texts) <= _FEW else "ingest")
        async with self._free:
            return await asyncio.to_thread(self._found, texts, vectors, count)

    def _found(self, texts: Sequence[str], vectors: Vectors, count: int | None) -> TopicAnswer:
        groups = grouped(vectors, count)
        astray = stray(vectors, groups) if groups.max() > 0 else np.zeros(len(texts), bool)
        written = dict[str, str]()
        if count is not None:  # a topic that was asked for is told, even if its texts have little in common
            told = np.bincount(groups[~astray], minlength=int(groups.max()) + 1) > 0
            astray &= told[groups]
        counted = [self._counted(text, written) for text in texts]
        members = [
            [int(place) for place in np.flatnonzero((groups == group) & ~astray)]
            for group in range(int(groups.max()) + 1)
        ]
        near = (vectors * centres_of(vectors, groups)[groups]).sum(axis=1)
        held = [together([counted[place] for place in each]) for each in members if each]
        topics = [
            _topic(texts, each, terms_of(own, held), written, near)
            for each, own in zip([each for each in members if each], held, strict=True)
        ]
        return TopicAnswer(
            topics=sorted(topics, key=lambda each: -len(each.texts)),
            outliers=[int(place) for place in np.flatnonzero(astray)],
            encoder=self._encoder.name,
        )

    def _counted(self, text: str, written: dict[str, str]) -> Counted:
        """Count a text's phrases and their words by their stems; `written` is told how each is written."""
        part = text[:_LOOKED_AT]
        guesses = self._languages.detect_many([part], 1)[0]
        language = guesses[0].language if guesses else UNKNOWN
        stem, found = stemmer(language), Counter[str]()
        for phrase in phrases(part, language, _PHRASES):
            whole = part[phrase.start : phrase.end]
            for piece in {whole, *whole.split()}:
                key = " ".join(stem(word) for word in piece.lower().split())
                written.setdefault(key, piece)
                found[key] += phrase.count
        return found


def together(counted: Sequence[Counted]) -> Counted:
    """Count in how many texts each phrase stands."""
    found = Counter[str]()
    for each in counted:
        found.update(each.keys())
    return found


def terms_of(own: Counted, topics: Sequence[Counted]) -> list[tuple[str, float]]:
    """Weigh a topic's phrases against those of all topics (class-based TF-IDF); the best has 1.

    What stands in one text alone is no term of many, unless nothing stands in two.
    """
    everywhere = defaultdict[str, int](int)
    for each in topics:
        for key, count in each.items():
            everywhere[key] += count
    mean = sum(everywhere.values()) / len(topics)
    least = min(_TEXTS_LEAST, max(own.values(), default=1))
    weights = {
        key: count * math.log(1 + mean / everywhere[key]) for key, count in own.items() if count >= least
    }
    ranked = sorted(weights.items(), key=lambda each: (-each[1], -len(each[0]), each[0]))
    kept: list[tuple[str, float]] = []
    for key, weight in ranked:
        if len(kept) == _TERMS:
            break
        if not any(_within(key, other) for other, _ in kept):
            kept.append((key, weight))
    most = kept[0][1] if kept else 1.0
    return [(key, weight / most) for key, weight in kept]


def _within(key: str, other: str) -> bool:
    """Say whether one phrase's words stand in the other."""
    some, more = sorted((key.split(), other.split()), key=len)
    return set(some) <= set(more)


def _topic(
    texts: Sequence[str],
    members: Sequence[int],
    terms: Sequence[tuple[str, float]],
    written: Mapping[str, str],
    near: Vectors,
) -> Topic:
    typical = sorted(members, key=lambda place: (-float(near[place]), place))
    told = [TopicTerm(text=written[key], score=score) for key, score in terms]
    return Topic(
        label=_APART.join(each.text for each in told[:_NAMED]) or _beginning(texts, typical),
        terms=told,
        texts=list(members),
        typical=typical[:_TYPICAL],
    )


def _beginning(texts: Sequence[str], places: Sequence[int]) -> str:
    """Give the beginning of the first of some texts in which there is anything to see."""
    lines = (" ".join(texts[place][:_LOOKED_AT].split()) for place in places)
    found = next((line for line in lines if any(map(str.isprintable, line))), "")
    return found if len(found) <= _LABEL_MAX else f"{found[: _LABEL_MAX - 1]}…"
