"""Reading server-sent events (WHATWG HTML, section 9.2) as their bytes come in."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from mainstay.kit.errors import Unavailable

_BOM = b"\xef\xbb\xbf"


class AnswerTooLarge(Unavailable):
    """The server's answer is larger than this client takes."""

    title = "The server's answer is too large"


@dataclass(frozen=True)
class ServerSent:
    """One event: its name and its data."""

    name: str
    data: bytes


def _split(waiting: bytes) -> tuple[list[bytes], bytes]:
    """Cut whole lines off; a carriage return at the end may still be half a line's end."""
    held = b""
    if waiting.endswith(b"\r"):
        waiting, held = waiting[:-1], b"\r"
    lines = waiting.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    return lines[:-1], lines[-1] + held


class _Gathering:
    """The event whose lines are coming in."""

    def __init__(self, bytes_max: int) -> None:
        self._bytes_max = bytes_max
        self._begin()

    def _begin(self) -> None:
        self._name = "message"
        self._data: list[bytes] = []
        self._size = 0

    def add(self, line: bytes) -> ServerSent | None:
        """Take a line; an empty one ends the event."""
        if not line:
            whole = bool(self._data) or self._name != "message"
            event = ServerSent(self._name, b"\n".join(self._data)) if whole else None
            self._begin()
            return event
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"event":
            self._name = value.decode(errors="replace")
        elif name == b"data":
            self._size += len(value)
            if self._size > self._bytes_max:
                raise AnswerTooLarge(f"One event has more than {self._bytes_max} bytes; ask for less.")
            self._data.append(value)
        return None


async def server_sent(chunks: AsyncIterator[bytes], bytes_max: int) -> AsyncIterator[ServerSent]:
    """Give the events of a stream; comments (heartbeats) are passed over.

    Raises AnswerTooLarge when one event or line has more than `bytes_max` bytes.
    """
    gathering = _Gathering(bytes_max)
    pieces: list[bytes] = []
    size, first = 0, True
    async for chunk in chunks:
        pieces.append(chunk.removeprefix(_BOM) if first else chunk)
        first = False
        size += len(chunk)
        if b"\n" not in chunk and b"\r" not in chunk and size <= bytes_max:
            continue
        lines, rest = _split(b"".join(pieces))
        pieces, size = [rest], len(rest)
        if size > bytes_max:
            raise AnswerTooLarge(f"One line has more than {bytes_max} bytes; ask for less.")
        for line in lines:
            event = gathering.add(line)
            if event is not None:
                yield event
