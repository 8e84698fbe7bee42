"""Texts as they were given: one, or several."""

from collections.abc import Sequence

from mainstay.services.language.failures import FindingsTooMany, TextUnclear
from mainstay.services.language.limits import BATCH_LENGTH_MAX, FOUND_MAX


def given(text: str | None, texts: Sequence[str] | None) -> list[str]:
    """Give the texts to look at; raises TextUnclear unless it is either one or several, and bearable."""
    if (text is None) == (texts is None):
        both = "not both" if text is not None else "neither was given"
        problem = {"field": "text", "problem": f"give either `text` or `texts`, {both}"}
        raise TextUnclear("Give one text in `text`, or several in `texts`.", problems=[problem])
    return [text] if text is not None else within(texts or ())


def within(texts: Sequence[str]) -> list[str]:
    """Give texts back; raises TextUnclear when they are too long together."""
    length = sum(map(len, texts))
    if length > BATCH_LENGTH_MAX:
        told = f"together have {BATCH_LENGTH_MAX:,} characters at most, not {length:,}"
        raise TextUnclear(
            "The texts are too long together; send them in several requests.",
            problems=[{"field": "texts", "problem": told}],
        )
    return list(texts)


def bearable(found: int) -> None:
    """Raise FindingsTooMany when more was found than one answer tells of."""
    if found > FOUND_MAX:
        told = f"holds more than {FOUND_MAX:,} findings"
        raise FindingsTooMany(
            "Send the texts in several requests, or a long one in parts.",
            problems=[{"field": "text", "problem": told}],
        )
