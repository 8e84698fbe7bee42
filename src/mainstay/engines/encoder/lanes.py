"""Two lanes of texts before a few worker threads: people's queries first, queues of documents in between."""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence, Sized
from typing import Generic, TypeVar

from mainstay.kit.errors import Failure
from mainstay.kit.spending import spend
from mainstay.ports.encoder import Lane
from mainstay.ports.failures import EncoderUnavailable

Given = TypeVar("Given")
"""A text, or a text and what is known of it."""

Row = TypeVar("Row", bound=Sized)
"""A text made ready for the model; its length is the number of its tokens."""

Made = TypeVar("Made")
"""What the model makes of a text."""

_SLICE_TEXTS = 64
_QUERY_TEXTS = 12  # that are ordered by length together
_QUERY_TOKENS = 128
_INGEST_TOKENS = 64  # one such batch is what a query may have to wait for
_INGEST_TOKENS_ALONE = 512  # beyond that a batch no longer fits a core's cache
_PADDED_MAX = 1.1
_ALONE_S = 2.0
_QUERIES_BEFORE_INGEST = 16
_INGEST_PER_QUERY_PLACE = 32
_RETRY_AFTER_S = 1.0
_HAND_OVER_S = 0.0002
"""How long a query's caller stands back for a worker that is free.

A worker's first steps need the interpreter's lock, which the caller's thread would keep until it has nothing
left to do: it would then do its own work before the model's, instead of beside it.
"""


class _Request(Generic[Given, Made]):
    """Texts somebody waits for: workers fill in what is made, its future is told on its own loop."""

    def __init__(self, texts: Sequence[Given]) -> None:
        self.texts = texts
        self.made: dict[int, Made] = {}
        self.counts = [0] * len(texts)
        self.left = len(texts)
        self.loop = asyncio.get_running_loop()
        self.future: asyncio.Future[list[Made]] = self.loop.create_future()
        self.begun = threading.Event()
        self.abandoned = False

    def succeed(self) -> None:
        self._tell(lambda: self.future.set_result([self.made[n] for n in range(len(self.texts))]))

    def fail(self, problem: Failure) -> None:
        self.abandoned = True
        self._tell(lambda: self.future.set_exception(problem))

    def _tell(self, act: Callable[[], None]) -> None:
        if not self.loop.is_closed():
            self.loop.call_soon_threadsafe(lambda: None if self.future.done() else act())


_Place = tuple[_Request[Given, Made], int]
_Batch = list[tuple[_Place[Given, Made], Row]]


class Lanes(Generic[Given, Row, Made]):
    """Shares texts out among worker threads, in small batches, queries first.

    A query waits for at most one ingest batch: of about `_INGEST_TOKENS` tokens while people are asking; only
    the first query for some time may meet a larger one, which computes faster. Ingest in turn gets one batch
    after every `_QUERIES_BEFORE_INGEST` turns, so that neither lane starves. Workers take what waits, and
    never wait for more; what one has ordered by length, all of them compute, in batches so small that of a
    crowd nobody is much later than others.
    """

    def __init__(
        self,
        tokenize: Callable[[Given], Row],
        forward: Callable[[Sequence[Row]], Sequence[Made]],
        *,
        threads: int,
        queue_max: int,
    ) -> None:
        """Start the workers; `queue_max` bounds the waiting queries' texts, ingest may hold 32 times more.

        `forward` gives what it makes of several texts in their order; both may be called by several threads.
        """
        self._tokenize = tokenize
        self._forward = forward
        self._room = {"query": queue_max, "ingest": queue_max * _INGEST_PER_QUERY_PLACE}
        self._wake = threading.Condition()
        self._queries: deque[_Place[Given, Made]] = deque()
        self._slices: deque[list[_Place[Given, Made]]] = deque()
        self._ready: dict[Lane, deque[_Batch[Given, Made, Row]]] = {"query": deque(), "ingest": deque()}
        self._waiting = {"query": 0, "ingest": 0}
        self._asked_s = -_ALONE_S
        self._turns = 0
        self._idle = 0
        self._closed = False
        self._threads = [
            threading.Thread(target=self._work, name=f"encoder-{number}", daemon=True)
            for number in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    async def make(self, texts: Sequence[Given], lane: Lane) -> list[Made]:
        """Give what the model makes of each text; raises EncoderUnavailable when a lane is full."""
        if not texts:
            return []
        request = _Request[Given, Made](texts)
        places = [(request, number) for number in range(len(texts))]
        with self._wake:
            self._admit(len(texts), lane)
            if lane == "query":
                self._asked_s = time.monotonic()
                self._queries.extend(places)
            else:
                starts = range(0, len(places), _SLICE_TEXTS)
                self._slices.extend(places[start : start + _SLICE_TEXTS] for start in starts)
            self._wake.notify(min(len(texts), len(self._threads)))
            alone = lane == "query" and self._idle == len(self._threads)
        if alone:
            request.begun.wait(_HAND_OVER_S)
        try:
            made = await request.future
        finally:
            request.abandoned = True
        spend(sum(request.counts))
        return made

    def stop(self) -> None:
        """Finish the batches in work, fail what waits, and end the threads; may be called twice."""
        with self._wake:
            self._closed = True
            waiting = [place for line in self._ready.values() for batch in line for place, _ in batch]
            waiting.extend(place for part in self._slices for place in part)
            waiting.extend(self._queries)
            self._queries.clear()
            self._slices.clear()
            for line in self._ready.values():
                line.clear()
            self._wake.notify_all()
        for request in {place[0] for place in waiting}:
            request.fail(EncoderUnavailable("The encoder is closing: ask again in a moment."))
        for thread in self._threads:
            thread.join()

    def _admit(self, count: int, lane: Lane) -> None:
        if self._closed:
            raise EncoderUnavailable("The encoder is closed.")
        if self._waiting[lane] + count > self._room[lane]:
            raise EncoderUnavailable(
                f"The encoder has {self._waiting[lane]} texts waiting and takes {self._room[lane]} at most: "
                "send fewer at once, or try again in a moment.",
                retry_after_s=_RETRY_AFTER_S,
            )
        self._waiting[lane] += count

    def _work(self) -> None:
        while (task := self._next()) is not None:
            task()

    def _next(self) -> Callable[[], None] | None:
        """Wait for something to do; None when the lanes are closed."""
        with self._wake:
            self._idle += 1
            while not (self._queries or self._slices or any(self._ready.values()) or self._closed):
                self._wake.wait()
            share = -(-len(self._queries) // self._idle)
            self._idle -= 1
            if self._closed:
                return None
            if self._asked() and not (self._turns >= _QUERIES_BEFORE_INGEST and self._queued()):
                return self._query(share)
            self._turns = 0
            return self._ingest()

    def _asked(self) -> bool:
        return bool(self._queries or self._ready["query"])

    def _queued(self) -> bool:
        return bool(self._slices or self._ready["ingest"])

    def _query(self, share: int) -> Callable[[], None]:
        """Take a batch that is ready, or a share of what is not. The lock must be held."""
        if self._ready["query"]:
            batch = self._first_ready("query", _QUERY_TOKENS)
            return lambda: self._run(batch, "query")
        self._turns += 1
        taken = [self._queries.popleft() for _ in range(min(share, _QUERY_TEXTS))]
        return lambda: self._prepare(taken, "query")

    def _ingest(self) -> Callable[[], None]:
        """Take documents, fewer at once when people are asking. The lock must be held."""
        if self._ready["ingest"]:
            alone = time.monotonic() - self._asked_s >= _ALONE_S
            batch = self._first_ready("ingest", _INGEST_TOKENS_ALONE if alone else _INGEST_TOKENS)
            return lambda: self._run(batch, "ingest")
        part = self._slices.popleft()
        return lambda: self._prepare(part, "ingest")

    def _first_ready(self, lane: Lane, tokens_max: int) -> _Batch[Given, Made, Row]:
        """Take the next batch of a lane. The lock must be held."""
        batch, rest = _cut(self._ready[lane].popleft(), tokens_max)
        if rest:
            self._ready[lane].appendleft(rest)
        return batch

    def _prepare(self, places: list[_Place[Given, Made]], lane: Lane) -> None:
        """Make texts ready, for whichever worker is next."""
        rows = self._tokenized(places, lane)
        with self._wake:
            if not self._closed:
                if rows:
                    self._ready[lane].append(rows)
                    self._wake.notify(len(self._threads))
                return
        for request in {place[0] for place, _ in rows}:
            request.fail(EncoderUnavailable("The encoder is closing: ask again in a moment."))

    def _tokenized(self, places: list[_Place[Given, Made]], lane: Lane) -> _Batch[Given, Made, Row]:
        """Tokenise texts and order them by length; what nobody waits for any more is left out."""
        rows: _Batch[Given, Made, Row] = []
        dropped: list[_Place[Given, Made]] = []
        for place in places:
            request, number = place
            if request.abandoned:
                dropped.append(place)
                continue
            try:
                tokens = self._tokenize(request.texts[number])
            except Exception as problem:  # noqa: BLE001 - a worker must outlive whatever a tokenizer raises
                request.fail(_broken(problem))
                dropped.append(place)
                continue
            request.counts[number] = len(tokens)
            rows.append((place, tokens))
        self._settle(dropped, lane)
        return sorted(rows, key=lambda row: len(row[1]))

    def _run(self, batch: _Batch[Given, Made, Row], lane: Lane) -> None:
        wanted = [row for row in batch if not row[0][0].abandoned]
        for (request, _), _tokens in wanted:
            request.begun.set()
        if wanted:
            try:
                found = self._forward([tokens for _, tokens in wanted])
                for ((request, number), _tokens), made in zip(wanted, found, strict=True):
                    request.made[number] = made
            except Exception as problem:  # noqa: BLE001 - a worker must outlive whatever a model raises
                for (request, _), _tokens in wanted:
                    request.fail(_broken(problem))
        self._settle([place for place, _ in batch], lane)

    def _settle(self, places: list[_Place[Given, Made]], lane: Lane) -> None:
        whole = []
        with self._wake:
            self._waiting[lane] -= len(places)
            for request, _ in places:
                request.left -= 1
                if not request.left and not request.abandoned:
                    whole.append(request)
        for request in whole:
            request.succeed()


def _cut(
    rows: _Batch[Given, Made, Row], tokens_max: int
) -> tuple[_Batch[Given, Made, Row], _Batch[Given, Made, Row]]:
    """Cut the first batch off rows that are ordered by length: one row at least, and of like lengths.

    A batch computes every row to the length of its longest; on a processor's cores that costs more than
    computing together saves.
    """
    size, tokens = 1, len(rows[0][1])
    while size < len(rows):
        padded = (size + 1) * len(rows[size][1])
        tokens += len(rows[size][1])
        if padded > min(tokens_max, _PADDED_MAX * tokens):
            break
        size += 1
    return rows[:size], rows[size:]


def _broken(problem: Exception) -> EncoderUnavailable:
    return EncoderUnavailable(
        f"The encoder's model failed on a text ({type(problem).__name__}): check the model."
    )
