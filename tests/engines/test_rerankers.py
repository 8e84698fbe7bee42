"""One suite for every reranker, then what only the cross-encoder and the one behind an address promise."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from encoders import WORDS, make_tokenizer
from onnx import TensorProto, helper, numpy_helper

from mainstay.engines.model_server import Limits
from mainstay.engines.rerankers.cohere import CohereReranker
from mainstay.engines.rerankers.none import NoReranker
from mainstay.engines.rerankers.onnx import OnnxReranker
from mainstay.ports.rerankers import Reranker, RerankerUnavailable

QUERY = "cat"
TEXTS = ["a dog ran", "the cat sat", "cat cat on the mat", ""]
FIRST = [0.1, 0.3, 0.5, 0.0]


def make_cross_encoder(folder: Path, *, broken: bool = False) -> Path:
    """Write a model whose logit is how often the text part (segment 1) says "cat"."""
    folder.mkdir(parents=True, exist_ok=True)
    worth = np.zeros(len(WORDS), np.float32)
    worth[WORDS.index("cat")] = np.nan if broken else 1
    nodes = [
        helper.make_node("Gather", ["worth", "input_ids"], ["values"]),
        helper.make_node("Mul", ["token_type_ids", "attention_mask"], ["shown"]),
        helper.make_node("Cast", ["shown"], ["weights"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["values", "weights"], ["kept"]),
        helper.make_node("ReduceSum", ["kept", "axes"], ["logits"], keepdims=1),
    ]
    names = ("input_ids", "attention_mask", "token_type_ids")
    inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "length"]) for name in names]
    output = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", 1])
    kept = [numpy_helper.from_array(worth, "worth"), numpy_helper.from_array(np.asarray([1]), "axes")]
    graph = helper.make_graph(nodes, "cross", inputs, [output], kept)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.save(model, folder / "model.onnx")
    make_tokenizer().save(str(folder / "tokenizer.json"))
    return folder


class Fake:
    """A local rerank server."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.results: Any = None
        self.statuses: list[int] = []
        self.url = ""

    async def answer(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.asked.append(body)
        if self.statuses:
            return web.Response(status=self.statuses.pop(0), text=request.headers["Authorization"])
        found = [
            {"index": place, "relevance_score": text.split().count(body["query"])}
            for place, text in enumerate(body["documents"])
        ]
        found.sort(key=lambda result: -result["relevance_score"])
        return web.json_response({"results": found} if self.results is None else self.results)

    async def pause(self, _seconds: float) -> None:
        await asyncio.sleep(0)

    def reranker(self) -> CohereReranker:
        return CohereReranker(self.url, "sk-secret", "rank-1", limits=Limits(), pause=self.pause)


@pytest.fixture
async def fake() -> AsyncIterator[Fake]:
    fake = Fake()
    app = web.Application()
    app.router.add_post("/v1/rerank", fake.answer)
    async with TestServer(app) as server:
        fake.url = f"http://127.0.0.1:{server.port}/v1"
        yield fake


@pytest.fixture(params=["none", "onnx", "cohere"])
async def reranker(request: pytest.FixtureRequest, tmp_path: Path, fake: Fake) -> AsyncIterator[Reranker]:
    engine: Reranker
    if request.param == "none":
        engine = NoReranker()
    else:
        engine = (
            OnnxReranker(make_cross_encoder(tmp_path / "cross"))
            if request.param == "onnx"
            else fake.reranker()
        )
    yield engine
    await engine.close()


async def test_the_better_text_scores_higher(reranker: Reranker) -> None:
    scores = await reranker.score(QUERY, TEXTS, FIRST)
    assert len(scores) == len(TEXTS)
    assert scores[2] > scores[1] > scores[0] >= scores[3]
    assert reranker.name


async def test_nothing_in_nothing_out(reranker: Reranker) -> None:
    assert await reranker.score(QUERY, [], []) == []


async def test_none_keeps_the_first_scores() -> None:
    assert await NoReranker().score(QUERY, TEXTS, FIRST) == FIRST


async def test_many_pairs_keep_their_order(tmp_path: Path) -> None:
    reranker = OnnxReranker(make_cross_encoder(tmp_path))
    texts = ["the " * (place % 7) + "cat " * (place % 5) for place in range(100)]
    asked = [reranker.score("dog \ud800", texts, [0.0] * 100) for _ in range(3)]
    for scores in await asyncio.gather(*asked):
        assert scores == [place % 5 for place in range(100)]
    await reranker.close()
    with pytest.raises(RerankerUnavailable):
        await reranker.score(QUERY, TEXTS, FIRST)


async def test_a_long_pair_is_cut(tmp_path: Path) -> None:
    reranker = OnnxReranker(make_cross_encoder(tmp_path), tokens_max=20)
    (score,) = await reranker.score("dog", ["cat " * 50_000], [0.0])
    assert score == 16
    await reranker.close()


async def test_a_model_that_gives_nan_is_refused(tmp_path: Path) -> None:
    reranker = OnnxReranker(make_cross_encoder(tmp_path, broken=True))
    with pytest.raises(RerankerUnavailable, match="finite"):
        await reranker.score(QUERY, TEXTS, FIRST)
    await reranker.close()


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json"])
def test_an_unusable_folder_is_refused(tmp_path: Path, name: str) -> None:
    make_cross_encoder(tmp_path)
    (tmp_path / name).write_bytes(b"garbage")
    with pytest.raises(RerankerUnavailable):
        OnnxReranker(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(RerankerUnavailable, match="needs"):
        OnnxReranker(tmp_path)


async def test_too_many_texts_are_refused(tmp_path: Path, fake: Fake) -> None:
    for reranker in (OnnxReranker(make_cross_encoder(tmp_path)), fake.reranker()):
        with pytest.raises(RerankerUnavailable, match="1000"):
            await reranker.score(QUERY, ["x"] * 1001, [0.0] * 1001)
        await reranker.close()


async def test_the_server_is_asked_in_its_shape_and_left_out_texts_rank_last(fake: Fake) -> None:
    fake.results = {"results": [{"index": 2, "relevance_score": 0.9}, {"index": 0, "relevance_score": -0.5}]}
    reranker = fake.reranker()
    scores = await reranker.score(QUERY, TEXTS, FIRST)
    assert fake.asked == [{"model": "rank-1", "query": QUERY, "documents": TEXTS, "top_n": 4}]
    assert (scores[2], scores[0]) == (0.9, -0.5)
    assert scores[1] == scores[3] < -0.5
    await reranker.close()


@pytest.mark.parametrize(
    "results",
    [
        [],
        {},
        {"results": []},
        {"results": ["x"]},
        {"results": [{"index": 9, "relevance_score": 1}]},
        {"results": [{"index": -1, "relevance_score": 1}]},
        {"results": [{"index": 0, "relevance_score": None}]},
        {"results": [{"index": 0, "relevance_score": "nan"}]},
        {"results": [{"index": 0, "relevance_score": 1}] * 2},
    ],
)
async def test_nonsense_from_a_server_is_refused(fake: Fake, results: Any) -> None:
    fake.results = results
    reranker = fake.reranker()
    with pytest.raises(RerankerUnavailable, match="nonsense"):
        await reranker.score(QUERY, TEXTS, FIRST)
    await reranker.close()


async def test_a_busy_server_is_asked_again_and_a_refusing_one_is_not(fake: Fake) -> None:
    reranker = fake.reranker()
    fake.statuses = [503, 429]
    assert len(await reranker.score(QUERY, TEXTS, FIRST)) == 4
    fake.statuses = [403]
    with pytest.raises(RerankerUnavailable, match="check its key") as told:
        await reranker.score(QUERY, TEXTS, FIRST)
    assert "sk-secret" not in told.value.detail
    assert len(fake.asked) == 4
    await reranker.close()
