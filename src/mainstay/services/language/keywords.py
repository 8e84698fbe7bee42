"""Key phrases of a text: runs of words that name something, by how they are used.

A phrase is a longest run of words without stop words, plain words or punctuation (RAKE: Rose et al. 2010);
it scores by being several words long, by how often it stands there, and by how early it does.
"""

import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from mainstay.kit.stopwords import STOP_WORDS
from mainstay.services.language.plain_words import PLAIN_WORDS
from mainstay.services.language.stems import stemmer

LOOKED_AT = 100_000
_WORDS_MAX = 5
_WORD_LENGTH_MAX = 60
_TOKEN = re.compile(r"[^\W_]+(?:[-'’.&/+][^\W_]+)*[#+]{0,2}|[^\w\s]")
_HAN = re.compile(r"[\u3400-\u9fff々ー\u30a1-\u30fa]+")
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")
_CHINESE_GRAMMAR = frozenset("的了和是在有不我你他她它们这那之与及或也都就还而但被把将从对于等很更最并且其")
_HAN_LENGTH = range(2, 17)
_SEVERAL, _LONGER, _COUNT, _EARLY = 1.0, 0.4, 0.3, 0.6
_SHORT_WORD = 3
_SHORTENED = re.compile(r"n['’]t$|['’](?:m|re|ve|ll|d)$")
_SHORT_ADVERB = 4  # fly and only end no phrase
_ENGLISH = STOP_WORDS["en"] | PLAIN_WORDS


@dataclass
class Phrase:
    """A phrase: as it is written first, where, how many words it has and how often it stands there."""

    start: int
    end: int
    words: int
    count: int = 1
    score: float = field(default=0.0, compare=False)


def phrases(text: str, language: str, top_k: int) -> list[Phrase]:
    """Give the best phrases of a text's first 100,000 characters, best first; scores in (0, 1]."""
    looked_at = text[:LOOKED_AT]
    found: dict[str, Phrase] = {}
    for key, phrase in _candidates(looked_at, language):
        known = found.setdefault(key, phrase)
        known.count += known is not phrase
    for phrase in found.values():
        phrase.score = _score(phrase, len(looked_at))
    best = sorted(found.values(), key=lambda each: (-each.score, each.start))[:top_k]
    most = best[0].score if best else 1.0
    for phrase in best:
        phrase.score /= most
    return best


def _score(phrase: Phrase, length: int) -> float:
    wide = _SEVERAL * (phrase.words > 1) + _LONGER * (phrase.words > 2)  # noqa: PLR2004 - more than a pair
    return 1.0 + wide + _COUNT * math.log(phrase.count) - _EARLY * phrase.start / length


def _candidates(text: str, language: str) -> Iterator[tuple[str, Phrase]]:
    silent, stem = _silent(language), stemmer(language)
    run: list[re.Match[str]] = []
    anywhere = _UNSPACED.search(text)
    for token in _TOKEN.finditer(text):
        word = token.group()
        unspaced = anywhere and _UNSPACED.search(word)
        if not unspaced and word[0].isalnum() and not silent(word.lower()) and len(word) <= _WORD_LENGTH_MAX:
            run.append(token)
            continue
        if run:
            yield from _closed(run, stem)
            run = []
        if unspaced:
            yield from _unspaced(word, token.start(), language)
    yield from _closed(run, stem)


def _closed(run: Sequence[re.Match[str]], stem: Callable[[str], str]) -> Iterator[tuple[str, Phrase]]:
    """Make a phrase of a run of words; one of too many is none."""
    if 0 < len(run) <= _WORDS_MAX:
        key = " ".join([stem(word.group().lower()) for word in run])
        yield key, Phrase(run[0].start(), run[-1].end(), len(run))


def _unspaced(run: str, start: int, language: str) -> Iterator[tuple[str, Phrase]]:
    """Give the phrases of a run in Chinese or Japanese: Japanese writes its grammar in hiragana."""
    for written in _HAN.finditer(run):
        at = written.start()
        pieces = [written.group()] if language == "ja" else _split(written.group())
        for piece in pieces:
            if piece and len(piece) in _HAN_LENGTH:
                yield piece, Phrase(start + at, start + at + len(piece), 1 + (len(piece) > min(_HAN_LENGTH)))
            at += len(piece) + (language != "ja")


def _split(run: str) -> Sequence[str]:
    return "".join(" " if sign in _CHINESE_GRAMMAR else sign for sign in run).split(" ")


def _silent(language: str) -> Callable[[str], bool]:
    """Give what says whether a word ends a phrase; without a list of stop words, short ones do."""
    stop = STOP_WORDS.get(language, frozenset())
    if language == "en":
        return lambda word: (
            word in _ENGLISH
            or word.isdecimal()
            or (len(word) > _SHORT_ADVERB and word.endswith("ly"))
            or _SHORTENED.search(word) is not None
        )
    if stop:
        return lambda word: word in stop or word.isdecimal() or len(word) == 1
    return lambda word: len(word) <= _SHORT_WORD
