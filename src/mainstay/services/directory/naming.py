"""From what a group is called to the name that documents, keys and mappings use."""

import re
import unicodedata

NAME_LENGTH_MAX = 100
_OTHER = re.compile(r"[^\w.:@/-]+")


def name_from(display_name: str) -> str:
    """Give a name in the letters that names of groups have; empty if nothing is left.

    `Sales team (EU)` becomes `Sales-team-EU`: what cannot stand in a name becomes one hyphen.
    """
    composed = unicodedata.normalize("NFC", display_name)
    return _OTHER.sub("-", composed).strip("-")[:NAME_LENGTH_MAX].rstrip("-")
