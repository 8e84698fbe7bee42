"""Takes links and images apart that nobody trusted has named, so that a document can have none shown."""

import re
from collections.abc import Iterable

_HOST = r"[^\s/?#\\<>\"'`()\[\]]*"
_NAMED = re.compile(r"(?<![\w-])[\w-]+(?:\.[\w-]+)+|\blocalhost\b")  # from a run's beginning alone: linear
_DESTINATION = re.compile(rf"\]\((?=\s{{0,8}}<?(?P<scheme>https?)?(?P<rest>://{_HOST})?)", re.IGNORECASE)
_ADDRESS = re.compile(rf":(?=\\?/\\?/(?P<host>{_HOST}))")
_BARE = re.compile(rf"(?<![\w.])www\\?\.(?=(?P<host>{_HOST}))", re.IGNORECASE)
_WRITTEN_OUT = re.compile(
    r"&(?=#[xX]?[0-9A-Fa-f]{1,8};|(?:colon|sol|period|lpar|rpar|lsqb|rsqb|bsol|quest|num);)"
)
_DEFINITION = re.compile(r"\](?=:)")
_LOADING = re.compile(
    r"<(?=/?(?:a|area|audio|base|body|button|embed|form|frame|frameset|iframe|image|img|input|link|math|meta|"
    r"object|picture|portal|script|source|style|svg|table|td|th|track|use|video)(?:[\s/>]|$)"
    r"|[A-Za-z][^<>]*(?:=|$)|[A-Za-z][A-Za-z0-9+.-]{1,31}:|!|\?)",
    re.IGNORECASE,
)
"""Tags that load or lead somewhere, those with an attribute or without an end, addresses in brackets."""


class Screen:
    """Knows the hosts that whoever asks has named."""

    def __init__(self, trusted: Iterable[str]) -> None:
        """Take his texts."""
        self._hosts = {found.casefold() for text in trusted for found in _NAMED.findall(text)}

    def harmless(self, text: str) -> str:
        """Take apart, by a space, what a renderer would make a link, an image or a tag that loads of.

        Links to a host that was named stay. Emphasis, lists, code and tags that load nothing stay too.
        Pieces made harmless one by one must be joined by white space.
        """
        text = _LOADING.sub("< ", _WRITTEN_OUT.sub("& ", text))
        text = _DESTINATION.sub(self._destination, text)
        text = _DEFINITION.sub("] ", text)
        text = _ADDRESS.sub(lambda found: ":" if self._knows(found["host"]) else ": ", text)
        return _BARE.sub(lambda found: found[0] if self._knows(f"www.{found['host']}") else "www .", text)

    def _destination(self, found: re.Match[str]) -> str:
        rest = found["rest"] or ""
        return found[0] if found["scheme"] and rest and self._knows(rest[3:]) else "] ("

    def _knows(self, host: str) -> bool:
        return host.rpartition("@")[2].partition(":")[0].rstrip(".,;!?*_~").casefold() in self._hosts
