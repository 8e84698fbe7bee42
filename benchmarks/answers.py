"""Measure whether it answers when it can, refuses when it cannot, and cites the right sentence.

    MAINSTAY_BENCH_DATA=… MAINSTAY_ENCODER=… python benchmarks/answers.py [--seeds 5] [--by words] [--every]
    MAINSTAY_BENCH_DATA=… python benchmarks/answers.py --url http://127.0.0.1:8080 --key … [--seeds 3]

200 questions whose paragraph is in the collection and 200 whose paragraph was held out, from XQuAD in
English. Only articles that the shipped coefficients have not learned from are asked about, which leaves up
to 150 unanswerable questions a run; `--every` asks about all. `paragraphs` holds
out paragraphs at random, so that others of the same article mislead; `articles` holds out whole articles.
`near misses` holds out nothing: the unanswerable questions are the others with a word exchanged (see
`near_misses.py`; in some the word was not the point, and to answer is right: how many is not known).
Required: answered ≥ .85 at false answers ≤ .15, cited ≥ .75. The second line measures a running server
through its HTTP door: each run fills a collection of its own and deletes it afterwards.
"""

import argparse
import http.client
import json
import math
import os
import secrets
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import onnxruntime
from near_misses import NearMisses
from numpy.typing import NDArray
from tokenizers import Tokenizer
from xquad import Paragraph, Question, read_xquad

from mainstay.ports.encoder import Tokens
from mainstay.services.knowledge.answering import (
    CANDIDATES_MAX,
    Judgement,
    judge_by_tokens,
    judge_by_words,
)
from mainstay.services.knowledge.chunking import chunk
from mainstay.services.knowledge.evidence import CLOSE_PASSAGES
from mainstay.services.knowledge.lexical import terms

ASKED = 200
NEAR_MISSES = "near misses"
HELD_OUT = {"paragraphs": 0.25, "articles": 0.25}
LEG = 50
TIMEOUT_S = 600


@dataclass(frozen=True)
class Reply:
    """What came back: whether it answered, how sure it was, and the citations (paragraph, start, end)."""

    answered: bool
    confidence: float
    cited: tuple[tuple[int, int, int], ...]


Ask = Callable[[str], Reply]
Prepare = Callable[[Sequence[int]], AbstractContextManager[Ask]]
"""Puts the paragraphs with these numbers into a fresh collection and gives a way to ask it."""


class Encoder:
    """all-MiniLM-L6-v2 from a folder with `model.onnx` and `tokenizer.json`, straight on onnxruntime."""

    def __init__(self, folder: Path) -> None:
        """Load the model with two threads."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 2
        self._session = onnxruntime.InferenceSession(str(folder / "model.onnx"), options)
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.enable_truncation(256)
        self._kept: dict[str, tuple[NDArray[np.float32], Tokens]] = {}

    def read(self, texts: Sequence[str]) -> list[tuple[NDArray[np.float32], Tokens]]:
        """Give each text's unit vector and its tokens; what was read before is remembered."""
        new = sorted({text for text in texts if text not in self._kept}, key=len)
        for at in range(0, len(new), 16):
            self._read(new[at : at + 16])
        return [self._kept[text] for text in texts]

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Give one unit vector a text, shape (texts, d)."""
        return np.stack([whole for whole, _ in self.read(texts)])

    def forget(self) -> None:
        """Forget all texts."""
        self._kept.clear()

    def _read(self, batch: Sequence[str]) -> None:
        encoded = self._tokenizer.encode_batch(list(batch))
        length = max(len(one.ids) for one in encoded)
        ids = np.zeros((len(batch), length), np.int64)
        mask = np.zeros_like(ids)
        for row, one in enumerate(encoded):
            ids[row, : len(one.ids)] = one.ids
            mask[row, : len(one.ids)] = 1
        whole, states = self._session.run(["embedding", "tokens"], {"input_ids": ids, "attention_mask": mask})
        for row, (text, one) in enumerate(zip(batch, encoded, strict=True)):
            spans = np.array(one.offsets[1 : len(one.ids) - 1], np.int64).reshape(-1, 2)
            self._kept[text] = (whole[row], Tokens(states[row, 1 : len(one.ids) - 1].copy(), spans))


@dataclass(frozen=True)
class Passage:
    """A passage: its paragraph's number, where it begins there, its text."""

    paragraph: int
    start: int
    text: str


class Retriever:
    """Both legs over all passages in memory: BM25 and cosine, their scores standardised and added."""

    def __init__(self, paragraphs: Sequence[Paragraph], encoder: Encoder, language: str = "en") -> None:
        """Cut the paragraphs into passages, as the product does, and index them."""
        self.passages: list[Passage] = []
        for number, paragraph in enumerate(paragraphs):
            for part in chunk(paragraph.text, lambda text: math.ceil(len(text) / 4.5)):
                text = paragraph.text[part.start : part.end]
                self.passages.append(Passage(number, part.start, text))
        self._encoder = encoder
        self._language = language
        self._vectors = np.stack([whole for whole, _ in encoder.read([p.text for p in self.passages])])
        self._counts = [Counter(terms(passage.text, language)) for passage in self.passages]

    def rank(self, question: str, visible: Sequence[int], limit: int) -> list[int]:
        """Give the numbers of the best passages among the visible ones."""
        rows = np.array(visible)
        cosines = self._vectors[rows] @ self._encoder.read([question])[0][0]
        words = self._bm25(question, rows)
        kept = np.union1d(np.argsort(-cosines)[:LEG], np.argsort(-words)[:LEG])
        fused = _standard(cosines[kept]) + _standard(words[kept])
        return [int(row) for row in rows[kept[np.argsort(-fused, kind="stable")[:limit]]]]

    def _bm25(self, question: str, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        scores = np.zeros(len(rows))
        lengths = np.array([self._counts[row].total() for row in rows])
        norm = 1.2 * (0.25 + 0.75 * lengths / lengths.mean())
        for term in set(terms(question, self._language)):
            often = np.array([self._counts[row][term] for row in rows])
            seen = int((often > 0).sum())
            scores += math.log(1 + (len(rows) - seen + 0.5) / (seen + 0.5)) * often * 2.2 / (often + norm)
        return scores


def _standard(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    result: NDArray[np.float64] = (scores - scores.mean()) / (scores.std() + 1e-9)
    return result


def prepare_here(paragraphs: Sequence[Paragraph], encoder: Encoder, by: str) -> Prepare:
    """Ask the pure part of the product, without a server."""
    retriever = Retriever(paragraphs, encoder)

    @contextmanager
    def prepare(kept: Sequence[int]) -> Iterator[Ask]:
        inside = set(kept)
        visible = [n for n, passage in enumerate(retriever.passages) if passage.paragraph in inside]

        def ask(question: str) -> Reply:
            found = [retriever.passages[n] for n in retriever.rank(question, visible, CANDIDATES_MAX)]
            return _reply(found, _judge(question, [passage.text for passage in found], encoder, by))

        yield ask

    return prepare


def prepare_there(paragraphs: Sequence[Paragraph], url: str, key: str) -> Prepare:
    """Ask a running server over one kept-alive connection; the key may read and write documents."""
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    wire = kind(parts.netloc, timeout=TIMEOUT_S)
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}

    def send(method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        wire.request(
            method, parts.path.rstrip("/") + path, None if body is None else json.dumps(body), headers
        )
        answer = wire.getresponse()
        content = answer.read()
        if answer.status not in range(200, 300):
            sys.exit(f"{method} {path} answered {answer.status}: {content[:500]!r}")
        return json.loads(content) if content else None

    @contextmanager
    def prepare(kept: Sequence[int]) -> Iterator[Ask]:
        name = f"answers-{secrets.token_hex(6)}"
        documents = [{"doc_id": f"{name}-{number}", "text": paragraphs[number].text} for number in kept]
        receipt = send("POST", "/v1/documents/batch?wait=true", {"collection": name, "documents": documents})
        if receipt["failed"] or receipt["state"] == "failed":
            sys.exit(f"Not every document was stored: {json.dumps(receipt)[:500]}")

        def ask(question: str) -> Reply:
            told = send("POST", "/v1/knowledge/answer", {"question": question, "collection": name})
            cited = [
                (int(one["doc_id"].rpartition("-")[2]), one["start"], one["end"]) for one in told["citations"]
            ]
            return Reply(told["answered"], told["confidence"], tuple(cited))

        try:
            yield ask
        finally:
            send("DELETE", f"/v1/collections/{name}")

    return prepare


def _judge(question: str, texts: Sequence[str], encoder: Encoder, by: str) -> Judgement:
    if by == "words":
        return judge_by_words(question, texts)
    read = encoder.read([question, *texts[:CLOSE_PASSAGES]])
    return judge_by_tokens(question, texts, [tokens for _, tokens in read])


def _reply(found: Sequence[Passage], judged: Judgement) -> Reply:
    cited = [
        (
            found[one.passage].paragraph,
            found[one.passage].start + one.start,
            found[one.passage].start + one.end,
        )
        for one in judged.chosen
    ]
    return Reply(judged.answered, judged.confidence, tuple(cited))


@dataclass(frozen=True)
class Figures:
    """Shares of the questions, and how long one took."""

    answered: float
    false_answers: float
    cited: float
    citations: float
    calibration_error: float
    milliseconds_p50: float
    milliseconds_p99: float


def hold_out(paragraphs: Sequence[Paragraph], variant: str, rng: np.random.Generator) -> set[int]:
    """Choose the paragraphs that are not in the collection."""
    if variant not in HELD_OUT:
        return set()
    if variant == "articles":
        count = max(paragraph.article for paragraph in paragraphs) + 1
        gone = set(rng.permutation(count)[: int(count * HELD_OUT[variant])].tolist())
        return {n for n, paragraph in enumerate(paragraphs) if paragraph.article in gone}
    return set(rng.permutation(len(paragraphs))[: int(len(paragraphs) * HELD_OUT[variant])].tolist())


def unseen(article: int) -> bool:
    """Say whether the shipped coefficients have not learned from this article."""
    return article % 2 == 1


def every(_article: int) -> bool:
    """Say yes to all articles."""
    return True


def measure(
    prepare: Prepare,
    paragraphs: Sequence[Paragraph],
    questions: Sequence[Question],
    variant: str,
    seed: int,
    asked_of: Callable[[int], bool] = unseen,
    near: NearMisses | None = None,
) -> Figures:
    """Ask up to ASKED answerable and as many unanswerable questions, which `near` makes if given."""
    rng = np.random.default_rng(seed)
    gone = hold_out(paragraphs, variant, rng)
    pool = [questions[n] for n in rng.permutation(len(questions)) if asked_of(questions[n].article)]
    can = [question for question in pool if question.paragraph not in gone][:ASKED]
    cannot = [question for question in pool if question.paragraph in gone][:ASKED]
    if near is not None:
        cannot = [twin for twin in (near.twin(question, rng) for question in can) if twin is not None]
    took: list[float] = []
    with prepare([n for n in range(len(paragraphs)) if n not in gone]) as ask:
        replies = [_timed(ask, question.text, took) for question in can]
        refusals = [_timed(ask, question.text, took) for question in cannot]
    given = [(q, reply) for q, reply in zip(can, replies, strict=True) if reply.answered]
    return Figures(
        answered=len(given) / len(can),
        false_answers=sum(reply.answered for reply in refusals) / len(cannot),
        cited=sum(_hits(question, reply) for question, reply in given) / max(1, len(given)),
        citations=sum(len(reply.cited) for _, reply in given) / max(1, len(given)),
        calibration_error=calibration_error(
            [reply.confidence for reply in (*replies, *refusals)], [True] * len(can) + [False] * len(cannot)
        ),
        milliseconds_p50=float(np.percentile(took, 50)),
        milliseconds_p99=float(np.percentile(took, 99)),
    )


def _timed(ask: Ask, question: str, took: list[float]) -> Reply:
    began = time.perf_counter()
    reply = ask(question)
    took.append((time.perf_counter() - began) * 1000)
    return reply


def _hits(question: Question, reply: Reply) -> bool:
    return any(
        paragraph == question.paragraph and start < question.end and end > question.start
        for paragraph, start, end in reply.cited
    )


def calibration_error(confidences: Sequence[float], truths: Sequence[bool], bins: int = 10) -> float:
    """Give the expected calibration error over equal bins (Guo et al., 2017)."""
    sure, true = np.array(confidences), np.array(truths, float)
    place = np.minimum((sure * bins).astype(int), bins - 1)
    gaps = [
        abs(true[place == n].mean() - sure[place == n].mean()) * (place == n).mean()
        for n in set(place.tolist())
    ]
    return float(sum(gaps))


def main() -> None:
    """Print the figures of several seeds, mean ± standard deviation."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--by", choices=("tokens", "words"), default="tokens")
    parser.add_argument("--every", action="store_true", help="ask about the articles learned from, too")
    parser.add_argument("--url", default="", help="a running server, instead of the pure part")
    parser.add_argument("--key", default="", help="its API key; may read and write documents")
    options = parser.parse_args()
    paragraphs, questions = read_xquad()
    folder = os.environ.get("MAINSTAY_ENCODER", "")
    if options.url:
        how, prepare = "asked over HTTP", prepare_there(paragraphs, options.url, options.key)
    elif folder:
        prepare = prepare_here(paragraphs, Encoder(Path(folder)), options.by)
        how = f"judged by {options.by}"
    else:
        sys.exit("Give --url, or set MAINSTAY_ENCODER to the encoder's folder (model.onnx, tokenizer.json).")
    near = NearMisses(paragraphs, questions, Encoder(Path(folder)).embed) if folder else None
    for variant in (*HELD_OUT, *([] if near is None else [NEAR_MISSES])):
        twins = near if variant == NEAR_MISSES else None
        runs = [
            measure(prepare, paragraphs, questions, variant, seed, every if options.every else unseen, twins)
            for seed in range(options.seeds)
        ]
        print(f"{variant}, {how}, {options.seeds} seeds")
        for name in Figures.__dataclass_fields__:
            values = [getattr(run, name) for run in runs]
            print(f"  {name:18} {statistics.mean(values):.3f} ± {statistics.pstdev(values):.3f}", flush=True)


if __name__ == "__main__":
    main()
