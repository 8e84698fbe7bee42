"""Questions that the documents nearly answer: one word is another of its kind, so that the answer is gone.

"How many sick days …?" where only vacation days are told. The word is drawn from those of the other
questions: near in meaning, but no other form and no other name of the same, and absent from the paragraph.
Made after the rule-based adversaries of Rajpurkar, Jia and Liang 2018 ("Know What You Don't Know").
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from xquad import Paragraph, Question

from mainstay.services.knowledge.evidence import Word, question_words

COSINE_LEAST, COSINE_MOST = 0.3, 0.6
"""How near in meaning the other word is; above, it is often a synonym and the answer stays right."""

_TURNS = 12
_LETTERS_LEAST = 4
_ENDING = 2


class NearMisses:
    """Makes them; `embed` gives one unit vector a text, shape (texts, d)."""

    def __init__(
        self,
        paragraphs: Sequence[Paragraph],
        questions: Sequence[Question],
        embed: Callable[[Sequence[str]], NDArray[np.float32]],
    ) -> None:
        """Gather the words of all questions."""
        self._paragraphs = paragraphs
        found: dict[bool, dict[str, frozenset[str]]] = {True: {}, False: {}}
        for question in questions:
            for word in question_words(question.text, "en"):
                text = question.text[word.start : word.end]
                if len(text) >= _LETTERS_LEAST and text.isalpha():
                    found[word.name][text if word.name else text.lower()] = word.terms
        self._terms = found
        self._words = {name: sorted(words) for name, words in found.items()}
        self._vectors = {name: embed(words) for name, words in self._words.items()}
        self._embed = embed

    def twin(self, question: Question, rng: np.random.Generator) -> Question | None:
        """Give the question with one word replaced; None when no word of it can be."""
        words = question_words(question.text, "en")
        for place in rng.permutation(len(words))[:_TURNS]:
            other = self._other(question, words[place], words, rng)
            if other is not None:
                word = words[place]
                text = question.text[: word.start] + other + question.text[word.end :]
                return replace(question, text=text)
        return None

    def _other(
        self, question: Question, word: Word, words: Sequence[Word], rng: np.random.Generator
    ) -> str | None:
        text = question.text[word.start : word.end]
        if not text.isalpha() or len(text) < _LETTERS_LEAST:
            return None
        pool = self._words[word.name]
        cosines = self._vectors[word.name] @ self._embed([text if word.name else text.lower()])[0]
        near = np.flatnonzero((cosines >= COSINE_LEAST) & (cosines <= COSINE_MOST))
        told = self._paragraphs[question.paragraph].text.lower()
        asked = frozenset[str]().union(*(one.terms for one in words))

        def fits(other: str) -> bool:
            terms = self._terms[word.name][other]
            alike = word.name or other[-_ENDING:] == text[-_ENDING:]
            return (
                alike and not terms & asked and not any(re.search(rf"\b{re.escape(t)}", told) for t in terms)
            )

        fit = [pool[number] for number in near if fits(pool[number])]
        return fit[int(rng.integers(len(fit)))] if fit else None
