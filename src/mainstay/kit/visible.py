"""Whether there is anything to be seen in a text."""

import re

# Controls, separators, joiners, marks of direction and tags; fillers of Hangul, the empty pattern of Braille
# and variation selectors, which are letters, signs and marks by name, and blank all the same.
_UNSEEN = (
    r"\x00-\x20\x7f-\xa0\xad\u034f\u061c\u115f\u1160\u1680\u180b-\u180f\u2000-\u200f\u2028-\u202f"
    r"\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff"
)
_SEEN = re.compile(f"[^{_UNSEEN}]")


def visible(text: str) -> bool:
    """Say whether a text has a sign that can be seen; white space and joiners are none."""
    return _SEEN.search(text) is not None


def seen(text: str) -> str:
    """Give a text back, for types of what people read; raises ValueError where nothing of it can be seen."""
    if not visible(text):
        raise ValueError("Write something that can be seen.")
    return text
