"""In which language a text is read: the one it is written in, or a likely other where that is unsure."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from mainstay.ports.languages import Guess

UNKNOWN = "und"
_SHORT = 80
_LIKELY = 0.05
_GUESSES = 4

Detect = Callable[[Sequence[str], int], list[list[Guess]]]
"""What gives texts' likeliest languages, so many each."""


@dataclass(frozen=True)
class Tongue:
    """A text's language, how sure that is, and the language whose heads read it."""

    language: str
    confidence: float
    read_in: str


def tongues_of(
    detect: Detect, texts: Sequence[str], known: Collection[str], hint: str | None
) -> list[Tongue]:
    """Choose for each text; second choices, which take most of the time, are looked for where one counts."""
    if hint is not None:
        return [tongue(text, (), known, hint) for text in texts]
    told = detect(texts, 1)
    open_ = [n for n, text in enumerate(texts) if len(text) <= _SHORT and not _is(told[n], known)]
    for n, guesses in zip(open_, detect([texts[n] for n in open_], _GUESSES), strict=True):
        told[n] = guesses
    return [tongue(text, guesses, known, None) for text, guesses in zip(texts, told, strict=True)]


def _is(guesses: Sequence[Guess], known: Collection[str]) -> bool:
    return bool(guesses) and guesses[0].language in known


def tongue(text: str, guesses: Sequence[Guess], known: Collection[str], hint: str | None) -> Tongue:
    """Choose; a `hint` wins over what was detected, and `known` are the languages that heads read.

    Detectors know the words of a language and not its names, so that "Ada met Bob in Paris" looks Dutch. A
    text of 80 characters at most is read in a known language that has one chance in twenty.
    """
    if hint is not None:
        return Tongue(hint, 1.0, hint)
    best = guesses[0] if guesses else Guess(UNKNOWN, 0.0)
    if best.language in known or len(text) > _SHORT:
        return Tongue(best.language, best.confidence, best.language)
    likely = (each.language for each in guesses if each.language in known and each.confidence >= _LIKELY)
    return Tongue(best.language, best.confidence, next(likely, best.language))
