"""What we ask of dictionaries: a text given word by word in another language, so that it finds there."""

from typing import Protocol

from mainstay.kit.errors import Unavailable


class GlossesUnavailable(Unavailable):
    """The dictionaries cannot be read."""

    title = "The dictionaries cannot be read"


class Glosses(Protocol):
    """Glosses texts; safe to call from several threads."""

    def gloss(self, text: str, source: str, target: str, *, translations: int = 1) -> str:
        """Give a text word by word in another language (ISO 639-1 codes).

        `translations` is how many of a word's are given, the likeliest first. Words without an entry stay as
        they are; the order is the text's. Empty when there is no dictionary from `source` to `target`, or it
        has none of the words. The first call for a pair may read a dictionary for seconds: call it in a
        thread.
        """
        ...
