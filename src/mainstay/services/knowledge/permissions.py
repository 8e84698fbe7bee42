"""Who may see which documents."""

from collections.abc import Sequence

from mainstay.kernel.caller import ALL_DOCUMENTS, Caller

EVERYBODY = "*"
"""The group that every caller is in: it opens a document again, and stands in the index for no groups."""

GRANTS = {ALL_DOCUMENTS: "Shows documents of every group, in every operation that shows documents."}


def may_see(caller: Caller, groups: Sequence[str] | None) -> bool:
    """Say whether a caller may see a document of these groups."""
    return caller.sees(groups)


def readers(groups: Sequence[str] | None) -> tuple[str, ...] | None:
    """Give the groups that a document is kept to, each once; None is everybody."""
    return None if groups is None or EVERYBODY in groups else tuple(dict.fromkeys(groups))


def indexed_groups(groups: Sequence[str] | None) -> list[str]:
    """Give the groups as the index holds them."""
    return [EVERYBODY] if groups is None else list(groups)
