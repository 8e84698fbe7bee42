"""The dictionaries of a house that was given none: nothing is glossed."""


class NoGlosses:
    """Glosses nothing."""

    def gloss(self, text: str, source: str, target: str, *, translations: int = 1) -> str:
        """Give nothing: there is no dictionary."""
        return ""
