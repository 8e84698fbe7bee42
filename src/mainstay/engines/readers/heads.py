"""The reader inside the process: one pass of the encoder a text, and small trained heads upon its layers."""

import asyncio
import os
import weakref
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from mainstay.engines.encoder.folder import read_folder
from mainstay.engines.encoder.lanes import Lanes
from mainstay.engines.encoder.model import OnnxModel, load_tokenizer, pad_id
from mainstay.engines.readers.judgement import Judgement
from mainstay.engines.readers.layers import LOWER, look, lower_width
from mainstay.engines.readers.opinion import Opinion
from mainstay.engines.readers.shapes import Shapes
from mainstay.engines.readers.sheets import Sheet, Sheets, running, windows
from mainstay.engines.readers.stored import Head, load_heads
from mainstay.engines.readers.tagger import Tagger
from mainstay.ports.failures import EncoderUnavailable
from mainstay.ports.readers import Concern, Mention, Part, ReaderUnavailable, Reading

TRAINED = Path(__file__).with_name("trained")
"""The folder of the heads that Mainstay brings."""

_THREADS_MAX = 8
_QUEUE_MAX = 2_048


@dataclass(frozen=True)
class _Asked:
    """A window of a text, its language, and what is to be read out of it."""

    text: str
    language: str
    parts: frozenset[Part]


@dataclass(frozen=True)
class _Leaf:
    """A window that was asked for, or a part of one with too many tokens, made ready."""

    asked: _Asked
    begin: int
    sheet: Sheet


@dataclass(frozen=True)
class _Page:
    """What was asked, made ready, whole."""

    leaves: Sequence[_Leaf]

    def __len__(self) -> int:
        return sum(len(leaf.sheet) for leaf in self.leaves)


class HeadsReader:
    """Reads with the heads of a folder; the texts of all callers share the batches of an encoder's lanes.

    `model` is the encoder of that folder where it is loaded already. Raises ReaderUnavailable when a head was
    trained upon another encoder, or the encoder's graph does not give what heads read.
    """

    def __init__(
        self,
        folder: Path,
        heads: Path = TRAINED,
        *,
        model: OnnxModel | None = None,
        threads: int | None = None,
    ) -> None:
        """Load the heads, and the encoder of a folder."""
        found = read_folder(folder)
        loaded = load_heads(heads)
        strange = next((head.encoder for head in loaded if head.encoder != found.name), None)
        if strange is not None:
            raise ReaderUnavailable(f"The heads in {heads} belong to {strange}, not to {found.name}.")
        tokenizer = load_tokenizer(found)
        self._model = model or OnnxModel(found, pad_id(tokenizer))
        if LOWER not in self._model.outputs:
            raise ReaderUnavailable(
                f"{folder} was built by an earlier version: delete it, and it is made anew."
            )
        self._tagger, self._tagged = _taggers(loaded)
        self._opinions = {language: Opinion(head) for head, language in _by_language(loaded, "sentiment")}
        self._judgements = {
            language: Judgement(head) for head, language in _by_language(loaded, "moderation")
        }
        lower = lower_width(self._model)
        self._wide: frozenset[tuple[Part, str]] = frozenset(
            [("sentiment", language) for language, head in self._opinions.items() if head.width > lower]
            + [("moderation", language) for language, head in self._judgements.items() if head.width > lower]
        )
        # Workers compute side by side; NumPy's own threads would only spin beside them.
        threadpool_limits(1, user_api="blas")
        self._sheets = Sheets(tokenizer, found.tokens_max)
        self._shapes = Shapes()
        self._lanes = Lanes[_Asked, _Page, Reading](
            self._prepare, self._forward, threads=threads or min(_cores(), _THREADS_MAX), queue_max=_QUEUE_MAX
        )
        # At exit, too, the threads end before the interpreter is torn down around them.
        self._stop = weakref.finalize(self, self._lanes.stop)

    async def read(
        self, texts: Sequence[str], languages: Sequence[str], parts: Sequence[Part]
    ) -> list[Reading]:
        """Give one reading a text; raises ReaderUnavailable when too much waits."""
        chosen, known = frozenset(parts), await self.languages(parts)
        # The model is not run over what no head can read: a megabyte of dots would take it minutes.
        read_in = [
            text if language in known else None for text, language in zip(texts, languages, strict=True)
        ]
        if sum(map(len, texts)) <= _INLINE:
            cut = [_cut(text, chosen) for text in read_in]
        else:
            cut = await asyncio.to_thread(lambda: [_cut(text, chosen) for text in read_in])
        asked = [
            _Asked(part, language, chosen)
            for some, language in zip(cut, languages, strict=True)
            for _, part in some
        ]
        try:
            read = await self._lanes.make(asked, "query" if len(asked) <= _AT_ONCE else "ingest")
        except EncoderUnavailable as busy:
            raise ReaderUnavailable(busy.detail, retry_after_s=busy.retry_after_s) from busy
        rest = iter(read)
        return [_joined([next(rest) for _ in some], some) for some in cut]

    async def languages(self, parts: Sequence[Part]) -> frozenset[str]:
        """Give the languages of which there is a head for any of some parts."""
        known: Mapping[Part, Iterable[str]] = {
            "sentiment": self._opinions,
            "mentions": self._tagged,
            "moderation": self._judgements,
        }
        return frozenset(language for part in parts for language in known[part])

    async def close(self) -> None:
        """End the threads; whoever still waits is told ReaderUnavailable."""
        await asyncio.to_thread(self._stop)

    def _prepare(self, asked: _Asked) -> _Page:
        return _Page([_Leaf(asked, begin, sheet) for begin, sheet in self._sheets.make_all(asked.text)])

    def _forward(self, pages: Sequence[_Page]) -> list[Reading]:
        rest = iter(self._read([leaf for page in pages for leaf in page.leaves]))
        return [
            _joined(
                [next(rest) for _ in page.leaves], [(leaf.begin, leaf.sheet.text) for leaf in page.leaves]
            )
            for page in pages
        ]

    def _read(self, leaves: Sequence[_Leaf]) -> list[Reading]:
        tagger = self._tagger if any(map(self._is_tagged, leaves)) else None
        layers = tagger.layers if tagger else []
        whole = any((part, leaf.asked.language) in self._wide for leaf in leaves for part in leaf.asked.parts)
        seen = look(self._model, self._shapes, [leaf.sheet for leaf in leaves], layers, whole=whole)
        found = tagger.tag(seen, len(leaves)) if tagger else []
        sentiments, concerns = self._sentiments(leaves, seen.means), self._concerns(leaves, seen.means)
        return [
            Reading(
                sentiments.get(n),
                tuple(tagger.mentions(leaf.sheet, found[n])) if tagger and self._is_tagged(leaf) else None,
                concerns.get(n),
            )
            for n, leaf in enumerate(leaves)
        ]

    def _is_tagged(self, leaf: _Leaf) -> bool:
        return "mentions" in leaf.asked.parts and leaf.asked.language in self._tagged

    def _sentiments(
        self, leaves: Sequence[_Leaf], means: NDArray[np.float32]
    ) -> dict[int, Mapping[str, float]]:
        """Weigh the leaves of which that was asked, those of a language together."""
        asked: dict[str, list[int]] = {}
        for n, leaf in enumerate(leaves):
            if "sentiment" in leaf.asked.parts and leaf.asked.language in self._opinions:
                asked.setdefault(leaf.asked.language, []).append(n)
        return {
            n: weighed
            for language, rows in asked.items()
            for n, weighed in zip(
                rows,
                self._opinions[language].weigh([leaves[n].sheet.text for n in rows], means[rows]),
                strict=True,
            )
        }

    def _concerns(
        self, leaves: Sequence[_Leaf], means: NDArray[np.float32]
    ) -> dict[int, Mapping[str, Concern]]:
        return {
            n: self._judgements[leaf.asked.language].weigh(means[n])
            for n, leaf in enumerate(leaves)
            if "moderation" in leaf.asked.parts and leaf.asked.language in self._judgements
        }


_UNREAD = Reading(None, None)
_AT_ONCE = 16
"""More windows than these are a queue's work, which stands behind people's."""

_INLINE = 4_000
"""Texts of so many characters together are cut at once; longer ones would hold the loop up."""

_Cut = Sequence[tuple[int, str]]
"""Windows of a text, each with its place."""


def _cut(text: str | None, parts: frozenset[Part]) -> _Cut:
    """Cut a text into the windows that are to be read; None: into none.

    Of a long list of numbers or addresses the first window is read, since there are no names in such and no
    opinions. A list of names is not one: a name is a word, and a window with a single word is read. What is
    unwanted may be written in any way.
    """
    if text is None:
        return []
    cut = list(windows(text, fine=parts == {"moderation"}))
    return cut if "moderation" in parts else [cut[0], *(each for each in cut[1:] if running(each[1]))]


def _by_language(heads: Sequence[Head], kind: Part) -> list[tuple[Head, str]]:
    return [(head, language) for head in heads if head.kind == kind for language in head.languages]


def _taggers(heads: Sequence[Head]) -> tuple[Tagger | None, frozenset[str]]:
    """Give the one tagger there may be, and its languages."""
    found = [head for head in heads if head.kind == "mentions"]
    if len(found) > 1:
        raise ReaderUnavailable("There are two heads for mentions in one folder: keep one.")
    return (Tagger(found[0]), found[0].languages) if found else (None, frozenset())


def _joined(readings: Sequence[Reading], cut: _Cut) -> Reading:
    """Join what was read in the windows of a text."""
    if len(readings) <= 1:
        return readings[0] if readings else _UNREAD
    sizes = [len(part) for _, part in cut]
    weighed = [
        (size, reading.sentiment) for size, reading in zip(sizes, readings, strict=True) if reading.sentiment
    ]
    labels = weighed[0][1] if weighed else {}
    sentiment = {label: sum(size * each[label] for size, each in weighed) / sum(sizes) for label in labels}
    mentions = tuple(
        Mention(mention.kind, begin + mention.start, begin + mention.end, mention.score)
        for (begin, _), reading in zip(cut, readings, strict=True)
        for mention in reading.mentions or ()
    )
    return Reading(sentiment or None, None if readings[0].mentions is None else mentions, _greatest(readings))


def _greatest(readings: Sequence[Reading]) -> Mapping[str, Concern] | None:
    """Give each concern where it is greatest: a threat is one, whatever stands around it."""
    found = [reading.concerns for reading in readings if reading.concerns is not None]
    if not found:
        return None
    return {name: max((each[name] for each in found), key=lambda concern: concern.score) for name in found[0]}


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
