"""Which characters of a text are spoken for, so that what is found does not overlap."""


class Taken:
    """The characters of a text that something has been found in."""

    def __init__(self, length: int) -> None:
        """Begin with none of a text's characters."""
        self._used = bytearray(length)

    def take(self, start: int, end: int) -> bool:
        """Take characters, and say whether they were free; what is not is left as it is."""
        if any(self._used[start:end]):
            return False
        self._used[start:end] = b"\x01" * (end - start)
        return True
