"""E-mail addresses as they are kept and compared, and beginnings of names as they are searched."""

import string
import unicodedata

_SMALL = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


def addressed(email: str) -> str:
    """Give the one form of an e-mail address: trimmed, NFC, capitals of ASCII made small.

    No letter beyond ASCII changes. Folding the case would make `ß` and `ss`, or `ſ` and `s`, the same, which
    are two mailboxes, or two domains: whoever has the one would be taken for the other.
    """
    return unicodedata.normalize("NFC", email.strip()).translate(_SMALL)


def folded(text: str) -> str:
    """Give the form in which texts are searched: trimmed, NFC, case folded, and NFC again after that."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text.strip()).casefold())


def begins(email: str, name: str, beginning: str) -> bool:
    """Say whether an e-mail address, a name, or a word of the name begins so."""
    wanted, called = folded(beginning), folded(name)
    return (
        folded(email).startswith(wanted)
        or called.startswith(wanted)
        or any(word.startswith(wanted) for word in called.split())
    )
