"""In which language a text is read: the one it is written in, or a likely other where that is unsure."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from mainstay.ports.languages import Guess

UNKNOWN = "und"
_SHORT = 80
_LIKELY = 0.05


@dataclass(frozen=True)
class Tongue:
    """A text's language, how sure that is, and the language whose heads read it."""

    language: str
    confidence: float
    read_in: str


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
