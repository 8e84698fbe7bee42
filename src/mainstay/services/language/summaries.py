"""Summaries made of a text's own sentences, and how well a source bears out sentences of others.

A sentence counts by how near it is to the meaning of the whole, by how central it is among sentences that
share its words (TextRank: Mihalcea and Tarau 2004), by the words it has that the text repeats (SumBasic:
Nenkova and Vanderwende 2005), and by standing early; one that repeats what was chosen before counts less
(MMR: Carbonell and Goldstein 1998).
"""

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mainstay.kit.sentences import sentences
from mainstay.kit.stopwords import STOP_WORDS
from mainstay.services.language.stems import stemmer

Figures = NDArray[np.float64]
Vectors = NDArray[np.float32]
Span = tuple[int, int]

SENTENCES_MAX = 20_000
_LENGTH_MAX = 2_000
_MEANING, _CENTRAL, _SHARED, _REPEATED, _EARLY = 1.0, 1.0, 0.5, 0.5, 4.0
_DAMPING, _STEPS = 0.85, 30
_REDUNDANT, _SAME = 1.0, 0.95
_SAID = 1e3
"""What is taken from a sentence that says what was chosen already: it comes after all that say else."""
_LOOKED_AT_MAX = 1_000
_HEADING = re.compile(r"#{1,6}\s")
_LARGE = re.compile(r"[A-Z]")
_BEGINNING = re.compile(r"([.!?][\"')\]]*\s+)(\w)")
_WORD = re.compile(r"\w+")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_SUPPORTED = 0.5


@dataclass(frozen=True)
class Length:
    """How long a summary may be: so many sentences, or so many words."""

    sentences: int | None
    words: int | None


def sentences_of(text: str) -> list[Span]:
    """Give where sentences stand, also in texts without capital letters; very long ones are cut."""
    spans = sentences(text if _LARGE.search(text) else _BEGINNING.sub(_capital, text))
    pieces = [
        (at, min(at + _LENGTH_MAX, end)) for start, end in spans for at in range(start, end, _LENGTH_MAX)
    ]
    return pieces[:SENTENCES_MAX]


def telling(text: str) -> list[Span]:
    """Give the sentences that tell something: headings of Markdown do not, where there is anything else."""
    every = sentences_of(text)
    return [(start, end) for start, end in every if not _HEADING.match(text, start)] or every


def _capital(found: re.Match[str]) -> str:
    large = found[2].upper()
    return found[1] + (large if len(large) == 1 else found[2])


def _words(text: str, language: str) -> list[str]:
    stop = STOP_WORDS.get(language, frozenset())
    stem = stemmer(language)
    return [stem(word) for word in _WORD.findall(text.lower()) if word not in stop]


def _stemmed(text: str, language: str) -> list[str]:
    stem = stemmer(language)
    return [stem(word) for word in _WORD.findall(text.lower())]


def _standard(figures: Figures) -> Figures:
    spread = float(figures.std())
    if spread < 1e-9:  # noqa: PLR2004 - all are alike
        return np.zeros_like(figures)
    result: Figures = (figures - figures.mean()) / spread
    return result


def by_words(texts: Sequence[str], language: str) -> Figures:
    """Score sentences by their words and place alone, in time linear in their length."""
    words = [_words(text, language) for text in texts]
    within = Counter(word for each in words for word in set(each))
    counts = Counter(word for each in words for word in each)
    shared = [sum(within[word] - 1 for word in set(each)) / math.sqrt(len(set(each)) + 3) for each in words]
    repeated = [sum(counts[word] for word in set(each)) / math.sqrt(len(each) or 1) for each in words]
    early = 1 / (1 + np.arange(len(texts), dtype=np.float64))
    return (
        _SHARED * _standard(np.array(shared, np.float64))
        + _REPEATED * _standard(np.array(repeated, np.float64))
        + _EARLY * early
    )


def central(texts: Sequence[str], language: str) -> Figures:
    """Score sentences by their place in the graph of shared words; time and room are quadratic."""
    words = [frozenset(_stemmed(text, language)) for text in texts]
    column = {word: place for place, word in enumerate(sorted(frozenset().union(*words)))}
    holds = np.zeros((len(texts), len(column)), np.float32)
    for row, each in enumerate(words):
        holds[row, [column[word] for word in each]] = 1
    lengths = np.log(np.maximum(1.0, holds.sum(axis=1)))
    both = lengths[:, np.newaxis] + lengths
    edges = np.divide(holds @ holds.T, both, out=np.zeros_like(both), where=both > 0)
    np.fill_diagonal(edges, 0)
    degrees = edges.sum(axis=1, keepdims=True)
    steps = np.divide(edges, degrees, out=np.zeros_like(edges), where=degrees > 0).T
    ranks = np.ones(len(texts))
    for _ in range(_STEPS):
        ranks = 1 - _DAMPING + _DAMPING * (steps @ ranks)
    return _CENTRAL * _standard(ranks)


def near_whole(vectors: Vectors, whole: Vectors) -> Figures:
    """Score sentences (n, d) by how near each is to the meaning of the whole text (d)."""
    return _MEANING * _standard((vectors @ whole).astype(np.float64))


def chosen(texts: Sequence[str], scores: Figures, vectors: Vectors | None, length: Length) -> list[int]:
    """Choose sentences greedily within a length; give their numbers in the text's order, one at least.

    No sentence is chosen twice, so that a text of few different ones gives fewer than there is room for.
    """
    room = length.words if length.words is not None else math.inf
    most = length.sentences if length.sentences is not None else len(texts)
    counts = [len(text.split()) for text in texts]
    once = dict[str, int]()
    for each in np.argsort(-scores, kind="stable"):
        once.setdefault(texts[each], int(each))
    best = np.array(list(once.values())[: max(_LOOKED_AT_MAX, 2 * most)])
    left = scores[best].copy()
    picked: list[int] = []
    for _ in range(min(most, len(best))):
        fits = np.array([counts[each] <= room for each in best]) & np.isfinite(left)
        if not fits.any():
            break
        place = int(np.where(fits, left, -np.inf).argmax())
        picked.append(int(best[place]))
        room -= counts[picked[-1]]
        if vectors is not None:
            near = vectors[best] @ vectors[picked[-1]]
            left -= _REDUNDANT * np.maximum(0, near) / len(picked) + _SAID * (near >= _SAME)
        left[place] = -np.inf
    return sorted(picked) or [int(best[0])]


def cut(text: str, span: Span, words: int) -> Span:
    """Cut a sentence off after so many words."""
    ends = [found.end() for found in re.finditer(r"\S+", text[span[0] : span[1]])]
    return (span[0], span[0] + ends[words - 1]) if len(ends) > words else span


@dataclass(frozen=True)
class Support:
    """How well a source bears a sentence out, and the number of the sentence that does so best."""

    number: int
    share: float
    supported: bool


def support(
    sentence: str, vector: Vectors, source: Sequence[str], vectors: Vectors, language: str
) -> Support:
    """Compare a sentence with those of its source: by meaning, by words, and by every number it names."""
    words = set(_words(sentence, language))
    near = vectors @ vector
    held = np.array(
        [len(words & set(_words(each, language))) / (len(words) or 1) for each in source], np.float64
    )
    shares = np.clip((near + held) / 2, 0, 1)
    best = int(shares.argmax())
    known = {number for each in source for number in _NUMBER.findall(each)}
    invented = any(number not in known for number in _NUMBER.findall(sentence))
    share = float(shares[best])
    return Support(best, share, share >= _SUPPORTED and not invented)
