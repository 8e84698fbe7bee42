"""What stands below a heading, or a question written down, that asks what is asked: an FAQ in a document."""

import re
from collections.abc import Iterator, Sequence
from itertools import takewhile

from mainstay.services.knowledge.evidence import CLOSE_PASSAGES, Look, Word, question_words
from mainstay.services.knowledge.outlines import HEADING

HEADED = 0.95
"""How sure an answer is that stands below its question."""

_ASKED_LEAST = 0.95  # of the question's words, those that the heading has
_VERBATIM, _BEGUN, _BEGUN_LEAST = 2.0, 0.75, 4  # the question is the heading, or its first words
_MEANT_LEAST = 0.5  # of the heading's words, those that the question has
_ASKING = re.compile(
    "what|when|where|who|whom|whose|why|how|which|"
    "was|wann|wo|wer|wen|wem|warum|wieso|wie|welche[rs]?|wohin|woher|"
    "que|quoi|quand|où|qui|pourquoi|comment|quel(?:le)?s?|combien|"
    "qué|cuándo|dónde|quién|cómo|cuál(?:es)?|cuánt[oa]s?"
)
_WORD = re.compile(r"\w+")
_DENYING = re.compile(r"not|no|never|cannot|n['’]t|nicht|kein\w*|nie|pas|jamais|nunca")
_TURNING = {
    language: re.compile(rf"\b(?:{words})\b|n['’]t\b", re.IGNORECASE)
    for language, words in {
        "en": "not|no|never|cannot|without|before|after|on|off|up|down|until|since",
        "de": r"nicht|kein\w*|nie|ohne|vor|nach|an|aus|bis|seit",
        "fr": "pas|jamais|sans|avant|après",
        "es": "no|nunca|sin|antes|después",
    }.items()
}
"""What turns a question into its opposite, in the languages in which it is told."""

_PARTED = re.compile(r"\n\s*\n")


def under_heading(
    question: str, words: Sequence[Word], looks: Sequence[Look], passages: Sequence[str], language: str
) -> frozenset[tuple[int, int]]:
    """Give the (passage, sentence) of the paragraph below the heading that asks what is asked; or nothing.

    A heading asks it that has (nearly) all words of the question, and few of its own; of more than one, that
    with the fewest. A name or number that only the heading has makes another question of it (`delivery to
    Norway` is no `delivery`), and so does another first word (`How do I cancel a booking?`, `… book?`),
    and a word that turns it round: `What is covered?`, `What is not covered?`.
    """
    asked, first = frozenset[str]().union(*(word.terms for word in words)), _first(question)
    verbatim, turned = _bare(question), _turned(question, language)
    best, found = 0.0, frozenset[tuple[int, int]]()
    for rank, look in enumerate(looks[:CLOSE_PASSAGES]):
        for number in _headings(look, passages[rank]):
            heading = _text(look, passages[rank], number)
            if len(verbatim) > 1 and _bare(heading) == verbatim:
                likeness = _VERBATIM
            elif (
                not words
                or _turned(heading, language) != turned
                or look.held[:, number].mean() < _ASKED_LEAST
            ):
                continue
            else:
                likeness = _likeness(asked, question_words(heading, language), first, _first(heading))
                begins = _bare(heading)[: len(verbatim)] == verbatim and len(verbatim) >= _BEGUN_LEAST
                likeness = max(likeness, _BEGUN) if begins and likeness else likeness
            below = _below(look, passages[rank], number) if likeness > best else []
            if below:
                best, found = likeness, frozenset((rank, each) for each in below)
    return found if best >= _MEANT_LEAST else frozenset()


def _text(look: Look, passage: str, number: int) -> str:
    start, end = look.spans[number]
    return passage[start:end]


def _asks(look: Look, passage: str, number: int) -> bool:
    text = _text(look, passage, number)
    return bool(HEADING.match(text)) or text.rstrip("*_ ").endswith(("?", "？"))


def _headings(look: Look, passage: str) -> Iterator[int]:
    return (number for number in range(len(look.spans)) if _asks(look, passage, number))


def _bare(text: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(text)]


def _turned(text: str, language: str) -> frozenset[str]:
    """Give the words that turn what is asked into its opposite; all that deny are one."""
    found = (match[0].lower() for match in _TURNING.get(language, _TURNING["en"]).finditer(text))
    return frozenset("not" if _DENYING.fullmatch(each) else each for each in found)


def _first(text: str) -> str:
    """Give the first word of a question or heading, in small letters; the mark of a heading is none."""
    return next(iter(_bare(text)), "")


def _likeness(asked: frozenset[str], own: Sequence[Word], first: str, heading_first: str) -> float:
    """Give the share of a heading's words that the question has; 0 where it asks for something else."""
    lacking = [word for word in own if not word.terms & asked]
    both = _ASKING.fullmatch(first) and _ASKING.fullmatch(heading_first)
    other = first != heading_first and (lacking or both)
    if not own or own[0] in lacking or any(word.name for word in lacking) or other:
        return 0.0
    return 1 - len(lacking) / len(own)


def _below(look: Look, passage: str, number: int) -> list[int]:
    """Give the sentences of the first paragraph below, and of the next after a colon."""
    rest = range(number + 1, len(look.spans))
    telling = takewhile(lambda each: each not in look.outline.silent and not _asks(look, passage, each), rest)
    kept: list[int] = []
    for each in telling:
        if kept:
            (_, end), (start, _) = look.spans[kept[-1]], look.spans[each]
            if _PARTED.search(passage[end:start]) and not _text(look, passage, kept[-1]).endswith(":"):
                break
        kept.append(each)
    return kept
