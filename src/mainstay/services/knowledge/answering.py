"""Answer a question with sentences of its sources, and say how sure that is; refuse below a threshold."""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from mainstay.ports.encoder import Tokens
from mainstay.services.knowledge.calibration import TOKENS, WORDS
from mainstay.services.knowledge.evidence import (
    CLOSE_PASSAGES,
    Look,
    Matrix,
    Word,
    answer_figures,
    lacks_number,
    look_by_tokens,
    look_by_words,
    question_words,
    rarity,
    sentence_figures,
)
from mainstay.services.knowledge.headed import HEADED, under_heading
from mainstay.services.knowledge.heads import Heads, chance
from mainstay.services.knowledge.lexical import terms
from mainstay.services.knowledge.outlines import told_row
from mainstay.services.knowledge.sought import UNTOLD, Sought, sought

CANDIDATES_MAX = 20
"""How many passages are taken into account; the coefficients were learned with so many."""

LACKING_NUMBER = 0.25
"""What is left of the confidence when the best passage has nothing of a number that was asked for, or the
answer none where a price or a count is."""

CHOSEN_MAX = 3
_CHOSEN_SHARE = 0.35
_SAME = 0.8


@dataclass(frozen=True)
class Chosen:
    """A sentence of the answer: characters `start` to `end` of passage number `passage` (from 0).

    `told` is how it reads outside of its passage: `text` itself, or a table's row with its columns' names.
    `score` in [0, 1] is the chance that this sentence, if any, holds the answer; a sentence that only
    explains the next one (`before`) carries the next one's score.
    """

    passage: int
    start: int
    end: int
    text: str
    told: str
    score: float


@dataclass(frozen=True)
class Judgement:
    """What can be answered: `confidence` in [0, 1] is the chance that the sources hold the answer.

    `chosen` are the best sentences, in reading order, best passage first; they are given even when
    `answered` is false, so that a caller can show the nearest thing found.
    """

    answered: bool
    confidence: float
    chosen: tuple[Chosen, ...]


@dataclass(frozen=True)
class _Known:
    """Which passages lack a number that is asked for, and which sentences a heading asks for."""

    lacking: Sequence[bool]
    below: frozenset[tuple[int, int]]


NOTHING = Judgement(answered=False, confidence=0.0, chosen=())


def judge_by_words(
    question: str,
    passages: Sequence[str],
    *,
    above: Sequence[str] = (),
    language: str = "en",
    threshold: float = WORDS.threshold,
) -> Judgement:
    """Judge by the words alone; works with any encoder and without one.

    `passages` stand best first; the first CANDIDATES_MAX count, the first CLOSE_PASSAGES can be cited.
    `above` is what each stands beneath: titles, headings.
    """
    words = question_words(question, language)
    wanted = sought(question, language)
    looks = _looks(wanted, words, passages, language)
    known = _Known(
        _lacking(question, passages, above), under_heading(question, words, looks, passages, language)
    )
    return judge(words, wanted, looks, passages, known, heads=WORDS, threshold=threshold, language=language)


def judge_by_tokens(
    question: str,
    passages: Sequence[str],
    tokens: Sequence[Tokens],
    *,
    above: Sequence[str] = (),
    language: str = "en",
    threshold: float = TOKENS.threshold,
) -> Judgement:
    """Judge by words and token vectors, which sees other words of the same meaning too.

    `tokens` are those of the question, then those of the first CLOSE_PASSAGES passages (fewer if there are
    fewer). The coefficients were learned with all-MiniLM-L6-v2; for other encoders use `judge_by_words`.
    """
    words = question_words(question, language)
    wanted = sought(question, language)
    looks = _looks(wanted, words, passages, language)
    close = zip(looks, tokens[1 : CLOSE_PASSAGES + 1], strict=False)
    looks[:CLOSE_PASSAGES] = [look_by_tokens(words, tokens[0], look, said) for look, said in close]
    known = _Known(
        _lacking(question, passages, above), under_heading(question, words, looks, passages, language)
    )
    return judge(words, wanted, looks, passages, known, heads=TOKENS, threshold=threshold, language=language)


def _looks(wanted: Sought, words: Sequence[Word], passages: Sequence[str], language: str) -> list[Look]:
    """Look at the candidates by words; what is wanted is looked for where an answer can be cited."""
    return [
        look_by_words(words, passage, language, wanted if rank < CLOSE_PASSAGES else UNTOLD)
        for rank, passage in enumerate(passages[:CANDIDATES_MAX])
    ]


def _lacking(question: str, passages: Sequence[str], above: Sequence[str]) -> list[bool]:
    """Say of each passage that can be cited whether it, with what stands above it, lacks a number."""
    pairs = itertools.zip_longest(passages[:CLOSE_PASSAGES], above[:CLOSE_PASSAGES], fillvalue="")
    return [lacks_number(question, f"{title} {passage}") for passage, title in pairs]


def judge(
    words: Sequence[Word],
    wanted: Sought,
    looks: Sequence[Look],
    passages: Sequence[str],
    known: "_Known",
    *,
    heads: Heads,
    threshold: float,
    language: str,
) -> Judgement:
    """Judge from what the looks have shown, and from what else is known of the passages."""
    if not words and known.below:
        return _told_below(looks, passages, known.below)
    if not words or not any(_telling(look) for look in looks[:CLOSE_PASSAGES]):
        return NOTHING
    weights = rarity(looks)
    figures, places = sentence_figures(looks, weights, closely=heads.closely)
    chances = chance(heads.sentence, figures) * _tells(looks, places)
    if known.below:
        chances = np.array([HEADED * (place in known.below) for place in places])
    best = int(chances.argmax())
    ranked = np.sort(chances)[::-1]
    likely = (float(ranked[0]), float(ranked[1]) if len(ranked) > 1 else 0.0)
    figured = answer_figures(words, looks, weights, (places[best][0], figures[best]), likely)
    confidence = max(float(chance(heads.answer, figured[np.newaxis])[0]), HEADED * bool(known.below))
    chosen = choose(passages, looks, places, chances, language)
    if known.lacking[places[best][0]] or wanted.lacks_count([one.told for one in chosen]):
        confidence *= LACKING_NUMBER
    return Judgement(confidence >= threshold, confidence, chosen)


def _told_below(
    looks: Sequence[Look], passages: Sequence[str], below: frozenset[tuple[int, int]]
) -> Judgement:
    """Answer a question without a word of meaning (`Where are you?`), which a heading asks word by word."""
    places = sorted(below)[:CHOSEN_MAX]
    chosen = tuple(_chosen(passages, looks, place, HEADED) for place in places)
    return Judgement(answered=True, confidence=HEADED, chosen=chosen)


def _telling(look: Look) -> bool:
    return len(look.spans) > len(look.outline.silent)


def _tells(looks: Sequence[Look], places: Sequence[tuple[int, int]]) -> Matrix:
    """Give 1 for sentences and 0 for headings and headers, whose words count for what follows them."""
    return np.array([float(number not in looks[rank].outline.silent) for rank, number in places])


def choose(
    passages: Sequence[str],
    looks: Sequence[Look],
    places: Sequence[tuple[int, int]],
    chances: Matrix,
    language: str,
) -> tuple[Chosen, ...]:
    """Choose at most CHOSEN_MAX sentences: the best, and others nearly as good that say something new.

    The first step of a numbered list, or what announces it, brings the others along, however many they are.
    A sentence that leans on the one before it ("It was …") brings that one along. Of a table's rows only
    those are told that no chosen one outdoes: `Anna Koch` is asked for, not everybody called Anna.
    """
    order = sorted(range(len(places)), key=lambda row: -chances[row])
    least = float(chances[order[0]]) * _CHOSEN_SHARE
    likely = [row for row in order[1:] if chances[row] and chances[row] >= least]
    kept: dict[tuple[int, int], float] = {}
    bags: list[frozenset[str]] = []
    for row in [order[0], *_sought(looks, places, order), *likely]:
        if len(kept) >= CHOSEN_MAX:
            break
        rank, number = places[row]
        text = _text(passages, looks, (rank, number))
        bag = frozenset(terms(text, language))
        if (rank, number) in kept or any(_likeness(bag, other) >= _SAME for other in bags):
            continue
        if number in looks[rank].outline.headers and _outdone(looks, kept, (rank, number)):
            continue
        bags.append(bag)
        kept[rank, number] = float(chances[row])
        before = looks[rank].outline.before(number)
        if before is not None and len(kept) < CHOSEN_MAX:
            kept.setdefault((rank, before), float(chances[row]))
    best, begun = places[order[0]]
    first = begun + _text(passages, looks, (best, begun)).endswith(":")
    for number in range(begun, looks[best].outline.steps.get(first, begun)):
        kept.setdefault((best, number + 1), kept[best, begun])
    reading = sorted(kept, key=lambda place: (place[0] != best, place))
    return tuple(_chosen(passages, looks, place, kept[place]) for place in reading)


def support(sentence: str, evidence: Sequence[str], *, language: str = "en") -> float:
    """Give how far a generated sentence is backed by the evidence that it cites, in [0, 1].

    The share of the sentence's words that the evidence holds (the best single piece counts three times
    as much as all pieces together), halved for a name that is nowhere in the evidence and quartered for a
    number: those two are what generators invent. Below SUPPORT_LEAST a sentence should be marked. A
    sentence without words of meaning needs no support (1.0); words that contradict are not noticed.
    """
    words = question_words(sentence, language)
    if not words:
        return 1.0
    bags = [frozenset(terms(piece, language)) for piece in evidence]
    everything = frozenset[str]().union(*bags)
    alone = max((_share(words, bag) for bag in bags), default=0.0)
    backed = 0.75 * alone + 0.25 * _share(words, everything)
    missing = [word for word in words if word.name and not word.terms & everything]
    if any(term.isdigit() or any(sign.isdigit() for sign in term) for word in missing for term in word.terms):
        return backed / 4
    return backed / 2 if missing else backed


SUPPORT_LEAST = 0.5
"""Below this a generated sentence counts as unsupported."""


def _share(words: Sequence[Word], bag: frozenset[str]) -> float:
    return sum(len(word.terms & bag) / len(word.terms) for word in words) / len(words)


def _sought(looks: Sequence[Look], places: Sequence[tuple[int, int]], order: Sequence[int]) -> list[int]:
    """Give the likeliest sentence that goes on about the best one, with what that one lacks of the sought."""
    rank, best = places[order[0]]
    given, known = looks[rank].given, looks[rank].outline
    having = (
        row
        for row in order
        if places[row][0] == rank
        and known.before(places[row][1]) == best
        and (given[places[row][1]] > 0)[given[best] < 0].any()
    )
    return list(itertools.islice(having, 1))


def _outdone(looks: Sequence[Look], kept: Iterable[tuple[int, int]], place: tuple[int, int]) -> bool:
    """Tell whether a sentence that is kept holds all of the question's words that this one does, and more."""
    held = looks[place[0]].held[:, place[1]]
    others = [looks[rank].held[:, number] for rank, number in kept]
    return any((other >= held).all() and (other > held).any() for other in others)


def _likeness(one: frozenset[str], other: frozenset[str]) -> float:
    """Give Jaccard's similarity of two sets of terms."""
    return len(one & other) / max(1, len(one | other))


def _text(passages: Sequence[str], looks: Sequence[Look], place: tuple[int, int]) -> str:
    start, end = looks[place[0]].spans[place[1]]
    return passages[place[0]][start:end]


def _chosen(passages: Sequence[str], looks: Sequence[Look], place: tuple[int, int], score: float) -> Chosen:
    rank, number = place
    start, end = looks[rank].spans[number]
    text = _text(passages, looks, place)
    header = looks[rank].outline.headers.get(number)
    told = text if header is None else told_row(_text(passages, looks, (rank, header)), text)
    return Chosen(rank, start, end, text, told, score)
