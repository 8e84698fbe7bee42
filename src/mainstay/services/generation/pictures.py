"""Addresses of images: the generator's server fetches them, so that none may lead to where it alone gets."""

import re
import unicodedata

from mainstay.kit.addresses import is_number, is_public, names_inside

_AUTHORITY = re.compile(r"https://([^/?#]*)", re.IGNORECASE)
_PORT = re.compile(r":\d{0,5}$")
_DOTS = str.maketrans({"。": ".", "｡": "."})


def leads_inside(address: str) -> bool:
    """Say whether an address is a private one, or so written that servers read it in different ways.

    A name is not looked up: where it leads is known to the generator's server alone, when it fetches.
    """
    if address[:5].casefold() == "data:":
        return False
    found = _AUTHORITY.match(address)
    if found is None or "\\" in address:
        return True
    authority = unicodedata.normalize("NFKC", found[1]).translate(_DOTS)
    hidden = any(unicodedata.category(letter) == "Cf" for letter in authority)
    if hidden or re.search(r"[@%\s]", authority):
        return True
    host = _PORT.sub("", authority).removeprefix("[").removesuffix("]").rstrip(".")
    return not is_public(host) if is_number(host) else not host or names_inside(host)
