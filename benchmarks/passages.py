"""A hundred thousand short passages and questions to them, always the same, from public data."""

import io
import lzma
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from datasets import folder

PASSAGES = 100_000
PASSAGE_CHARACTERS = 160
QUERIES = 2_000
COLLECTION = "packages"
_PIECES = 8
_LETTERS_MIN = 40


@dataclass(frozen=True)
class Package:
    """A Debian package: its name, its one-line summary, its long description."""

    name: str
    summary: str
    text: str


@dataclass(frozen=True)
class Corpus:
    """Passages by their id, and questions: the summaries of packages, which stand in no passage."""

    passages: dict[str, str]
    queries: tuple[str, ...]

    def documents(self, start: int, stop: int) -> list[dict[str, str]]:
        """Give passages as the batch operation takes them."""
        chosen = list(self.passages.items())[start:stop]
        return [{"doc_id": name, "text": text} for name, text in chosen]


def packages(root: Path) -> Iterator[Package]:
    """Read every package of `debian-descriptions/Translation-en.xz`, in the file's order."""
    with lzma.open(root / "debian-descriptions/Translation-en.xz") as packed:
        entries = io.TextIOWrapper(packed, "utf-8").read().split("\n\n")
    for entry in entries:
        head, _, body = entry.partition("Description-en: ")
        summary, _, rest = body.partition("\n")
        text = " ".join(rest.replace("\n .\n", "\n").split())
        yield Package(head.partition("Package: ")[2].partition("\n")[0], summary.strip(), text)


def corpus(count: int = PASSAGES, queries: int = QUERIES) -> Corpus:
    """Cut the descriptions into passages: every package's first piece, then the second ones, and so on.

    A piece has at most PASSAGE_CHARACTERS characters; equal pieces are taken once.
    """
    read = [package for package in packages(folder()) if package.name]
    pieces = [textwrap.wrap(package.text, PASSAGE_CHARACTERS)[:_PIECES] for package in read]
    passages: dict[str, str] = {}
    seen: set[str] = set()
    for place in range(_PIECES):
        for package, cut in zip(read, pieces, strict=True):
            if len(passages) == count:
                break
            if place < len(cut) and len(cut[place]) >= _LETTERS_MIN and cut[place] not in seen:
                seen.add(cut[place])
                passages[f"{package.name}-{place}"] = cut[place]
    if len(passages) < count:
        raise SystemExit(f"The set gives only {len(passages)} passages; ask for fewer.")
    asked = list(dict.fromkeys(package.summary for package in read if len(package.summary) > 20))
    step = len(asked) // queries
    return Corpus(passages, tuple(asked[::step][:queries]))


def whole(count: int) -> Corpus:
    """Give whole descriptions, evenly picked, of at least _LETTERS_MIN characters."""
    read = {one.name: one.text for one in packages(folder()) if one.name and len(one.text) >= _LETTERS_MIN}
    names = list(read)[:: max(1, len(read) // count)][:count]
    return Corpus({name: read[name] for name in names}, ())


if __name__ == "__main__":
    made = corpus()
    letters = sum(map(len, made.passages.values())) / len(made.passages)
    print(f"{len(made.passages)} passages of {letters:.0f} characters, {len(made.queries)} questions")
    print(*list(made.queries)[:10], sep="\n")
