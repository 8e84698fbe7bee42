"""Looks for a form in a long text window by window, so that other threads get their turn in between."""

import re
from collections.abc import Iterator

LONGEST = 1_024
"""So many characters a form may match at most."""

_STEP = 16_384


def matches(form: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    """Give what `form.finditer(text)` gives: the interpreter's lock is held for one window at a time."""
    after = 0
    for start in range(0, len(text), _STEP):
        last, end = start + _STEP, min(len(text), start + _STEP + LONGEST)
        for found in form.finditer(text, max(start, after), end):
            if found.start() >= last:
                break
            after = found.end()
            yield found
