"""How the texts of two versions differ, as a unified diff, in bounded time."""

import difflib
from collections.abc import Sequence

from mainstay.services.prompts.records import PromptVersion

_LINES_MAX = 2_000
"""Of texts with more lines all between their common beginning and end counts as replaced."""


def texts_diff(before: PromptVersion, after: PromptVersion) -> str:
    """Give the difference of the texts, each message under a line with its role, if there is any."""
    old, new = _lines(before), _lines(after)
    if old == new:
        return ""
    names = (f"{before.name}@{before.version}", f"{after.name}@{after.version}")
    if max(len(old), len(new)) > _LINES_MAX:
        return "\n".join([f"--- {names[0]}", f"+++ {names[1]}", *_coarse(old, new)])
    return "\n".join(difflib.unified_diff(old, new, *names, lineterm=""))


def _lines(version: PromptVersion) -> list[str]:
    found: list[str] = []
    for message in version.messages:
        found += [f"[{message.role}]", *message.content.split("\n")]
    return found


def _coarse(old: Sequence[str], new: Sequence[str]) -> list[str]:
    pairs = list(zip(old, new, strict=False))
    start = next((place for place, (one, other) in enumerate(pairs) if one != other), len(pairs))
    ends = list(zip(reversed(old[start:]), reversed(new[start:]), strict=False))
    end = next((place for place, (one, other) in enumerate(ends) if one != other), len(ends))
    head = f"@@ -{start + 1},{len(old) - start - end} +{start + 1},{len(new) - start - end} @@"
    gone, come = old[start : len(old) - end], new[start : len(new) - end]
    return [head, *(f"-{line}" for line in gone), *(f"+{line}" for line in come)]
