"""How large a regular expression is with its repetitions written out: what a character costs to match."""

import re

_TOKEN = re.compile(
    r"(?P<escape>\\(?:[xuUpP]\{[^}]*\}|.))"
    r"|(?P<set>\[(?:\\.|\[[^\]]*\]|[^\]\\])*\])"
    r"|\{(?P<least>\d*)(?:,(?P<most>\d*))?\}"
    r"|(?P<sign>.)",
    re.DOTALL,
)
_WIDE = frozenset("wWdDsSpP")
_WIDE_SIZE = 4
"""Classes of Unicode's characters are hundreds of ranges each."""


def size_of(pattern: str) -> int:
    """Count the parts of a pattern, those that are repeated as often as they may be; never too few.

    `(ab{3}){10}` has 40. A pattern that is none has some size too.
    """
    sums, last = [0], 0
    for token in _TOKEN.finditer(pattern):
        if token["least"] is not None:
            times = max(int(token["least"] or 0), int(token["most"] or 0), 1)
            sums[-1] += last * (times - 1)
            last *= times
        elif token["sign"] == "(":
            sums.append(0)
            last = 0
        elif token["sign"] == ")" and len(sums) > 1:
            last = sums.pop()
            sums[-1] += last
        else:
            last = _part(token)
            sums[-1] += last
    return sum(sums)


def _part(token: re.Match[str]) -> int:
    wide = token["escape"][1] in _WIDE if token["escape"] else token["sign"] == "."
    return _WIDE_SIZE if wide else 1
