"""How well a passage's sentences speak to a question: the figures that an answer is judged by.

Two ways of looking. By words: which of the question's words stand in which sentence. By tokens: how near
each word comes to the nearest token of a sentence, whose vectors know their passage (late interaction:
Khattab and Zaharia, ColBERT, 2020), so that `partnership` covers `partner`. How rare a word is is
counted among the candidates themselves: a word that all of them hold tells none apart.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mainstay.kit.sentences import sentences
from mainstay.ports.encoder import Tokens
from mainstay.services.knowledge.lexical import terms
from mainstay.services.knowledge.outlines import Outline, outline
from mainstay.services.knowledge.sought import KINDS, UNTOLD, Sought

Matrix = NDArray[np.float64]

WORDS_MAX = 48
SENTENCES_MAX = 64
CLOSE_PASSAGES = 3
"""How many of the first passages are searched for the answer's sentences."""

BY_WORDS = ("covered", "around", "least", *KINDS, "so_far", "alone", "covered_passage", "rank")
BY_TOKENS = (*BY_WORDS, "near", "near_around", "near_worst", "near_passage", "cosine")
"""What is known of a sentence, in the order of the columns of `sentence_figures`."""

ANSWER_BY_WORDS = (
    "covered", "around", "covered_passage", "standout", "name_missing", "words", "rarity", "candidates",
    "ahead", "likely", "second",
)  # fmt: skip
ANSWER_BY_TOKENS = (*ANSWER_BY_WORDS, "near", "near_around", "near_passage", "near_least", "cosine")
"""What is known of an answer, in the order of `answer_figures`."""

_WORD = re.compile(r"[^\W_]+(?:['’.\-][^\W_]+)*")
_ASKING = re.compile(r"\bhow\s+(many|much|long|often|far|soon)\b", re.IGNORECASE)
_NUMBER = re.compile(r"[0-9]+")
_THOUSANDS = re.compile(r"(?<=[0-9])[,.’' \u202f\xa0](?=[0-9]{3}(?![0-9]))")
_MORE = 0.2  # nearer to a word, so that it is no chance
_SPREAD_LEAST = 0.05
_REPEATS_MAX = 3
_REPEAT_WEIGHT = 0.3
_ALONE = 2.0
_AHEAD_ALONE = 0.1
_STANDOUT_LEAST, _STANDOUT_MOST = -3.0, 8.0
_WORDS_USUAL = 12
_CANDIDATES_USUAL = 20


@dataclass(frozen=True)
class Word:
    """A word of the question that carries meaning; `name` says that it looks like a name or a number."""

    start: int
    end: int
    terms: frozenset[str]
    name: bool


@dataclass(frozen=True)
class Look:
    """What one passage shows of the question's words.

    `spans` are its sentences, and `outline` what each of them is; `held` (words, sentences) tells which
    share of a word's terms stands in a sentence, `near` (words, sentences) the cosine of its nearest
    token there, and `cosines` (sentences) compares question and sentence as wholes. Looked at by words
    only, `near` is `held` and `cosines` 0. `given` (sentences, KINDS) tells whether a sentence has what is
    sought. A table's row is read together with its header, and what goes on about the same with that.
    """

    spans: tuple[tuple[int, int], ...]
    outline: Outline
    held: Matrix
    near: Matrix
    cosines: Matrix
    given: Matrix


def question_words(question: str, language: str) -> tuple[Word, ...]:
    """Give the words of a question that carry meaning, at most WORDS_MAX; of `How many` none does."""
    found: list[Word] = []
    asking = {match.start(1) for match in _ASKING.finditer(question)} if language == "en" else set()
    for match in _WORD.finditer(question):
        if match.start() in asking:
            continue
        kept = frozenset(terms(match.group(), language))
        if kept:
            text = match.group()
            name = any(letter.isdigit() for letter in text) or (match.start() > 0 and text[0].isupper())
            found.append(Word(match.start(), match.end(), kept, name))
    return tuple(found[:WORDS_MAX])


def lacks_number(question: str, text: str) -> bool:
    """Say whether a text has nothing of a number in the question: asked for FM-400, it tells of the FM-300.

    Numbers of one digit are as often words or counts (`3 reasons`) and prove nothing. Of what consists of
    several numbers (a date, a time) one is enough: dates are written in many ways.
    """
    there = _numbers(text)
    asked = [_numbers(word) for word in question.split()]
    return any(numbers and numbers.isdisjoint(there) for numbers in asked)


def _numbers(text: str) -> frozenset[str]:
    """Give the numbers of two digits and more, without leading zeros and separators of thousands."""
    plain = _THOUSANDS.sub("", text)
    return frozenset(run for found in _NUMBER.findall(plain) if len(run := found.lstrip("0")) > 1)


def look_by_words(words: Sequence[Word], passage: str, language: str, wanted: Sought = UNTOLD) -> Look:
    """Look for the question's words in a passage, and for the kind of thing that is wanted."""
    spans = tuple(sentences(passage)[:SENTENCES_MAX])
    bags = [frozenset(terms(passage[start:end], language)) for start, end in spans]
    held = np.array([[len(word.terms & bag) / len(word.terms) for bag in bags] for word in words])
    held = held.reshape(len(words), len(spans)).astype(np.float64)
    known = outline(passage, spans)
    given = np.array([wanted.given(passage[start:end]) for start, end in spans]).reshape(
        len(spans), len(KINDS)
    )
    _read_together(held, known)
    return Look(spans, known, held, held, np.zeros(len(spans)), given)


def look_by_tokens(words: Sequence[Word], question: Tokens, look: Look, passage: Tokens) -> Look:
    """Look closer at a passage that was looked at by words; what the encoder cut off stays as it was."""
    owner = _owners(passage.spans, look.spans)
    parts = _owners(question.spans, [(word.start, word.end) for word in words])
    near, cosines = look.held.copy(), look.cosines.copy()
    found = [number for number in range(len(words)) if (parts == number).any()]
    if not found:
        return look
    asked, said = _unit(question.vectors), _unit(passage.vectors)
    # not a matrix product: BLAS would wake a thread a core, which costs more than these few rows
    likeness = np.einsum("qd,td->qt", asked, said)
    whole = _unit(question.vectors.mean(axis=0, keepdims=True))[0]
    share = np.array([(parts == number) / (parts == number).sum() for number in found])
    for sentence in range(len(look.spans)):
        inside = owner == sentence
        if inside.any():
            best = likeness[:, inside].max(axis=1)
            near[found, sentence] = np.maximum(0.0, share @ best)
            cosines[sentence] = _unit(passage.vectors[inside].mean(axis=0, keepdims=True))[0] @ whole
    _read_together(near, look.outline)
    return replace(look, near=near, cosines=cosines)


def _read_together(side: Matrix, known: Outline) -> None:
    """Give each row of a table what its header covers too.

    A sentence that goes on about what the one before has named (`It costs …`) is given what that one covers,
    if it tells of something more.
    """
    for row, header in known.headers.items():
        np.maximum(side[:, row], side[:, header], out=side[:, row])
    named = side.copy()
    for number in known.going_on:
        more = (side[:, number] > named[:, number - 1] + _MORE).any()
        np.maximum(named[:, number], named[:, number - 1], out=named[:, number])
        if more:
            side[:, number] = named[:, number]


def rarity(looks: Sequence[Look]) -> Matrix:
    """Give each word's weight (words): its inverse document frequency among the candidate passages."""
    count = len(looks)
    seen = np.stack([_most(look.held) > 0 for look in looks]).sum(axis=0)
    weights: Matrix = np.log(1 + (count - seen + 0.5) / (seen + 0.5))
    return weights


def sentence_figures(
    looks: Sequence[Look], weights: Matrix, *, closely: bool
) -> tuple[Matrix, list[tuple[int, int]]]:
    """Give the figures of every sentence of the first passages, and the (passage, sentence) of each row.

    `so_far` is what a passage covers up to a sentence's end: what it is about is often named once, at its
    beginning. `alone` is by how much a sentence covers more than any other of its passage, word by word.
    """
    shares = weights / weights.sum()
    rows: list[list[float]] = []
    places: list[tuple[int, int]] = []
    for rank, look in enumerate(looks[:CLOSE_PASSAGES]):
        held, near = float(shares @ _most(look.held)), float(shares @ _most(look.near))
        within = _within(look.near, shares) if look.spans else look.near
        for number in range(len(look.spans)):
            row = [*_sentence(look.held, shares, number), *look.given[number].tolist()]
            row += [*within[number].tolist(), held, float(rank)]
            if closely:
                row += [*_sentence(look.near, shares, number), near, float(look.cosines[number])]
            rows.append(row)
            places.append((rank, number))
    width = len(BY_TOKENS if closely else BY_WORDS)
    return np.array(rows, dtype=np.float64).reshape(len(rows), width), places


def answer_figures(
    words: Sequence[Word],
    looks: Sequence[Look],
    weights: Matrix,
    sentence: tuple[int, Matrix],
    likely: tuple[float, float],
) -> Matrix:
    """Give what is known of an answer in the order of ANSWER_BY_WORDS or ANSWER_BY_TOKENS.

    `sentence` is the best one's passage and its row of `sentence_figures`; `likely` are the two highest
    chances that a sentence holds the answer. `standout` tells by how many standard deviations the passage
    covers the question better than the other candidates do, `ahead` by how much it covers more than the
    others that were looked at closely, `name_missing` the heaviest name or number of the question that the
    passage lacks.
    """
    rank, figures = sentence
    known = dict(zip(BY_TOKENS, figures, strict=False))
    look, shares = looks[rank], weights / weights.sum()
    names = np.array([word.name for word in words], dtype=np.float64)
    near = _most(look.near)
    others = [float(shares @ _most(x.near)) for i, x in enumerate(looks[:CLOSE_PASSAGES]) if i != rank]
    ahead = float(shares @ near) - (sum(others) / len(others)) if others else _AHEAD_ALONE
    known |= {
        "standout": _standout(looks, weights, rank),
        "name_missing": float(((1 - _most(look.held)) * shares * names).max()),
        "words": min(len(words), _WORDS_USUAL) / _WORDS_USUAL,
        "rarity": float(weights.mean()) / float(np.log(len(looks) + 1.5)),
        "candidates": min(len(looks), _CANDIDATES_USUAL) / _CANDIDATES_USUAL,
        "ahead": ahead,
        "likely": likely[0],
        "second": likely[1],
        "near_least": float(near.min()),
    }
    names_of = ANSWER_BY_TOKENS if len(figures) == len(BY_TOKENS) else ANSWER_BY_WORDS
    return np.array([known[name] for name in names_of], dtype=np.float64)


def _sentence(side: Matrix, shares: Matrix, number: int) -> tuple[float, float, float]:
    """Give how much a sentence covers, it with its neighbours covers, and it covers of the worst word."""
    around = side[:, max(0, number - 1) : number + 2].max(axis=1)
    return float(shares @ side[:, number]), float(shares @ around), float(side[:, number].min())


def _within(side: Matrix, shares: Matrix) -> Matrix:
    """Give how much is covered up to each sentence's end, and how much each covers alone (sentences, 2)."""
    words = np.arange(len(side))
    first, second = np.sort(np.pad(side, ((0, 0), (1, 0))), axis=1)[:, :-3:-1].T
    alone = np.zeros_like(side)
    alone[words, side.argmax(axis=1)] = first - second
    both: Matrix = np.stack([shares @ np.maximum.accumulate(side, axis=1), shares @ alone], axis=1)
    return both


def _standout(looks: Sequence[Look], weights: Matrix, rank: int) -> float:
    if len(looks) < 2:  # noqa: PLR2004 - nothing to stand out from
        return _ALONE
    scores = np.array(
        [
            float(
                weights
                @ (_most(look.held) + _REPEAT_WEIGHT * np.minimum(look.held.sum(axis=1), _REPEATS_MAX))
            )
            for look in looks
        ]
    )
    rest = np.delete(scores, rank)
    spread = float(rest.std()) + _SPREAD_LEAST * max(1.0, abs(float(scores[rank])))
    return float(np.clip((scores[rank] - rest.mean()) / spread, _STANDOUT_LEAST, _STANDOUT_MOST))


def _most(side: Matrix) -> Matrix:
    """Give each word's best value over the passage's sentences."""
    best: Matrix = side.max(axis=1, initial=0.0)
    return best


def _owners(spans: NDArray[np.int64], of: Sequence[tuple[int, int]]) -> NDArray[np.int64]:
    """Tell for each span which of the ascending stretches its first character lies in, or -1."""
    starts = np.array([start for start, _ in of], dtype=np.int64)
    ends = np.array([end for _, end in of], dtype=np.int64)
    if not len(of) or not len(spans):
        return np.full(len(spans), -1, dtype=np.int64)
    at = np.searchsorted(starts, spans[:, 0], side="right") - 1
    inside = (at >= 0) & (spans[:, 0] < ends[at]) & (spans[:, 1] > spans[:, 0])
    return np.where(inside, at, -1).astype(np.int64)


def _unit(vectors: NDArray[np.float32]) -> Matrix:
    wide = vectors.astype(np.float64)
    unit: Matrix = wide / (np.linalg.norm(wide, axis=1, keepdims=True) + 1e-9)
    return unit
