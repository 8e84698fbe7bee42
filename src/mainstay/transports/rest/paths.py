"""From a raw path to what stands at it: ids may hold encoded slashes, and fixed names win over ids."""

from dataclasses import dataclass, field
from typing import Generic, TypeVar
from urllib.parse import unquote_to_bytes

Target = TypeVar("Target")


@dataclass
class _Node(Generic[Target]):
    fixed: dict[bytes, "_Node[Target]"] = field(default_factory=dict)
    parameter: "_Node[Target] | None" = None
    target: Target | None = None


@dataclass(frozen=True)
class Found(Generic[Target]):
    """What stands at a path, and the texts of the path's parameters in their order."""

    target: Target
    texts: tuple[str, ...]


class Paths(Generic[Target]):
    """A tree of paths, matched segment by segment before anything is decoded."""

    def __init__(self) -> None:
        """Begin empty."""
        self._root: _Node[Target] = _Node()

    def add(self, path: str, target: Target) -> None:
        """Put something at a path such as `/documents/{doc_id}`."""
        node = self._root
        for segment in path.split("/")[1:]:
            if segment.startswith("{"):
                node.parameter = node.parameter or _Node()
                node = node.parameter
            else:
                node = node.fixed.setdefault(segment.encode(), _Node())
        node.target = target

    def find(self, raw_path: bytes) -> Found[Target] | None:
        """Give what stands at a path as it was sent, percent-encoding included."""
        return self._find(self._root, raw_path.split(b"/")[1:], 0, ())

    def _find(
        self, node: _Node[Target], segments: list[bytes], at: int, texts: tuple[str, ...]
    ) -> Found[Target] | None:
        if at == len(segments):
            return None if node.target is None else Found(node.target, texts)
        segment = segments[at]
        fixed = node.fixed.get(segment) or node.fixed.get(unquote_to_bytes(segment))
        if fixed is not None:
            found = self._find(fixed, segments, at + 1, texts)
            if found is not None:
                return found
        if node.parameter is None or not segment:
            return None
        try:
            text = unquote_to_bytes(segment).decode("utf-8") if b"%" in segment else segment.decode("utf-8")
        except UnicodeDecodeError:
            return None
        return self._find(node.parameter, segments, at + 1, (*texts, text))
