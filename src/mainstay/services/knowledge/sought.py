"""What kind of thing a question asks for, and which sentences have one: an amount, a moment, or somebody.

Kinds of answers are among the oldest means of finding them (Li and Roth 2002, Learning question
classifiers). These three can be told by a few words of English; of other questions, and in other languages,
nothing is said.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from mainstay.kit.months import MONTHS
from mainstay.kit.stopwords import STOP_WORDS

KINDS = ("amount", "moment", "somebody")
"""The kinds, in the order of what `Sought.given` gives."""

_AMOUNT_ASKED = re.compile(
    r"\bhow (?:many|much|long|old|far|tall|big|large|high|deep|wide|heavy|often|fast)\b|\bpercentage\b",
    re.IGNORECASE,
)
_HOW_MANY = re.compile(r"\bhow many\b", re.IGNORECASE)
_PRICE_ASKED = re.compile(
    r"\b(?:costs?|prices?|fees?|fares?)\b|\bhow much (?:is|are) (?!(?:\w+ed|known|left|made|done)\b)",
    re.IGNORECASE,
)
_MOMENT_ASKED = re.compile(
    r"^\W*(?:(?:and|but|so|since|from|until|till|by) )?when\b|\bwhen\W*$|\bhow soon\b"
    r"|\b(?:what|which) (?:year|date|day|month|century|decade|time|season)s?\b",
    re.IGNORECASE,
)
_SOMEBODY_ASKED = re.compile(r"\b(?:who|whom|whose)\b", re.IGNORECASE)

_DIGITS = r"\d+(?:[.,:]\d+)*"
_AMOUNT = re.compile(
    rf"{_DIGITS}|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|(?:thir|four|fif|six|seven|"
    r"eigh|nine)teen|(?:twen|thir|for|fif|six|seven|eigh|nine)ty|hundreds?|thousands?|[mb]illions?|dozens?|half|"
    r"once|twice|free|nothing)\b",
    re.IGNORECASE,
)
_PRICE = re.compile(
    rf"(?<=[$€£¥₹])\s?{_DIGITS}|{_DIGITS}(?=\s?(?:[$€£¥₹]|(?-i:[A-Z]{{3}})\b))|(?<=\bcosts )\d|"
    r"\b(?:dollars?|euros?|pounds?|cents?|pence|yen|yuan|francs?|rupees?|free|nothing|no (?:charge|fee))\b",
    re.IGNORECASE,
)
_CALENDAR = "|".join(
    [*sorted(MONTHS), *(f"{day}days?" for day in ["mon", "tues", "wednes", "thurs", "fri", "satur", "sun"])]
)
_MOMENT = re.compile(
    rf"{_DIGITS}|\b(?:(?-i:{_CALENDAR.title()})|centur(?:y|ies)|decades?|noon|midnight|mornings?|afternoons?|"
    r"evenings?|nights?|spring|summer|autumn|winter|today|tomorrow|yesterday|ago|daily|weekly|monthly|annually|"
    r"every|o['’]clock)\b",
    re.IGNORECASE,
)
_CAPITAL = rf"[{''.join(map(chr, (n for n in range(0x250) if chr(n).isupper())))}]"
_NAME = re.compile(
    rf"(?!(?i:{_CALENDAR})\b)(?:(?<=[^\W_][ ,;:(]){_CAPITAL}[^\W\d_]+|(?<=[^\W_], ){_CAPITAL}[^\W\d_]+"
    rf"|\b{_CAPITAL}[\w.'’-]{{0,40}}(?= {_CAPITAL}))"
)
"""A word with a capital that is not a sentence's first, or has another one behind it."""

_SAID = re.compile(rf"{_DIGITS}|[^\W\d_]+")


@dataclass(frozen=True)
class Sought:
    """What a question asks for: by KINDS, the form of such a thing or None; what it says itself is none.

    `counted`: a price, or how many there are, which no sentence tells without a number.
    """

    forms: tuple[re.Pattern[str] | None, re.Pattern[str] | None, re.Pattern[str] | None]
    said: frozenset[str]
    counted: bool = False

    def given(self, sentence: str) -> list[float]:
        """Say of each kind whether a sentence has one, 1, or has none, -1; of what is not sought, 0."""
        return [0.0 if form is None else self._has(form, sentence) for form in self.forms]

    def _has(self, form: re.Pattern[str], sentence: str) -> float:
        found = any(each.group().lower() not in self.said for each in form.finditer(sentence))
        return 1.0 if found else -1.0

    def lacks_count(self, sentences: Sequence[str]) -> bool:
        """Say whether a count is sought, and these have none."""
        forms = (_AMOUNT, _PRICE)
        return self.counted and all(self._has(form, one) < 0 for one in sentences for form in forms)


UNTOLD = Sought((None, None, None), frozenset())
"""Of what one cannot say which kind it asks for."""


def sought(question: str, language: str) -> Sought:
    """Tell what a question asks for."""
    if language != "en":
        return UNTOLD
    price, counted = _PRICE_ASKED.search(question), _HOW_MANY.search(question)
    amount = _AMOUNT if _AMOUNT_ASKED.search(question) else None
    return Sought(
        (
            _PRICE if price else amount,
            _MOMENT if _MOMENT_ASKED.search(question) else None,
            _NAME if _SOMEBODY_ASKED.search(question) else None,
        ),
        STOP_WORDS["en"] | frozenset(_SAID.findall(question.lower())),
        counted=bool(price or counted),
    )
