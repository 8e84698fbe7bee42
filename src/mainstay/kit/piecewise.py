"""Make a text harmless while it is still being written, piece by piece."""

import re
from collections.abc import Callable

HELD_MAX = 400
"""How many characters are held back at most while a bracket is open or a word does not end."""

_BLANK = re.compile(r"[ \t\r\n]+")
_CUT = r"(?P<cut>[ \t\r\n]+(?=[^\s\[])|(?<=[。！？｡])(?=[^\s\[。！？｡」』”’）】\"]))"
_PLACE = re.compile(_CUT + r"|[\[\]()>]|<(?=[A-Za-z/!?])")
_OPENS = {"]": "[", ")": "(", ">": "<"}

Span = tuple[int, int]


class Piecewise:
    """Passes a text on up to where nothing that follows can complete a link, an image or a tag.

    That is between words, outside of brackets; what is held beyond the limit is cut within them. Pieces are
    joined by white space, so that by what `plain` promises the whole is as harmless as they are.
    """

    def __init__(self, told: Callable[[str], str]) -> None:
        """Take what makes a piece harmless."""
        self._told = told
        self._held = ""
        self._between = ""

    def add(self, words: str) -> str:
        """Take what was written; give what may be shown by now, which may be nothing."""
        shown = ""
        for start in range(0, len(words), HELD_MAX):
            self._held += words[start : start + HELD_MAX]
            if cut := _safe_cut(self._held):
                shown += self._passed(cut)
            while len(self._held) > HELD_MAX:
                shown += self._passed(_bold_cut(self._held))
        return shown

    def rest(self) -> str:
        """Give what is held, when nothing follows."""
        return self._passed((len(self._held), len(self._held)))

    def _passed(self, cut: Span) -> str:
        """Give what is held before a cut, behind the white space that parts it from what was given."""
        told = self._told(self._held[: cut[0]]).strip()
        between = self._held[slice(*cut)].replace("\r\n", "\n").replace("\r", "\n") or " "
        self._held = self._held[cut[1] :]
        if not told:
            return ""
        shown, self._between = self._between + told, between
        return shown


def _safe_cut(text: str) -> Span | None:
    """Give the last place between words that stands in no bracket, open or closed."""
    found: Span | None = None
    opened: list[str] = []
    for place in _PLACE.finditer(text):
        sign = place[0]
        if place["cut"] is not None:
            found = found if opened else place.span()
        elif sign in _OPENS:
            while _OPENS[sign] in opened and opened.pop() != _OPENS[sign]:
                pass
        elif sign != "(" or "(" in opened or text[: place.start()].endswith("]"):
            opened.append(sign)
    return found


def _bold_cut(text: str) -> Span:
    """Give the last white space within the limit, or the limit itself."""
    blanks = [blank.span() for blank in _BLANK.finditer(text, 1, HELD_MAX)]
    return blanks[-1] if blanks else (HELD_MAX, HELD_MAX)
