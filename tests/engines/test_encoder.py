"""One suite for every encoder, then what only the ONNX one, its builder and its finder promise."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from encoders import (
    HIDDEN,
    WORDS,
    find_source,
    make_source,
    make_tokenizer,
    real_folder,
    reference,
    write_safetensors,
)

from mainstay.engines.encoder.build import build_encoder
from mainstay.engines.encoder.folder import read_folder
from mainstay.engines.encoder.onnx import OnnxEncoder
from mainstay.engines.encoder.openai import OpenAIEncoder
from mainstay.engines.encoder.weights import read_weights
from mainstay.engines.model_server import Limits
from mainstay.ports.encoder import Encoder
from mainstay.ports.failures import EncoderUnavailable

TEXTS = ["the cat sat on the mat", "a dog ran", "money", "", "the river bank water fast slow red blue " * 9]


@pytest.fixture(scope="session")
def real() -> Path:
    return real_folder()


def read(path: Path) -> bytes:
    return path.read_bytes()


def give(folder: Path, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)


def words_vector(text: str) -> list[float]:
    """Give the server's vector of a text: its letters, counted."""
    return [1.0 + text.count(letter) for letter in "abcdefgh"]


class Fake:
    """A local server of embeddings that can be told to misbehave."""

    def __init__(self) -> None:
        self.calls = 0
        self.texts: list[list[str]] = []
        self.act: Callable[[web.Request, list[str]], Any] | None = None
        self.pauses: list[float] = []

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.calls += 1
        texts = (await request.json())["input"]
        self.texts.append(texts)
        if self.act:
            answer = self.act(request, texts)
            if asyncio.iscoroutine(answer):
                answer = await answer
            if answer is not None:
                return answer
        rows = [{"index": place, "embedding": words_vector(text)} for place, text in enumerate(texts)]
        return web.json_response({"data": rows[::-1]})

    async def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)


@pytest.fixture
async def fake() -> AsyncIterator[Fake]:
    fake = Fake()
    app = web.Application()
    app.router.add_post("/v1/embeddings", fake.answer)
    async with TestServer(app) as server:
        fake.url = f"http://127.0.0.1:{server.port}/v1"  # type: ignore[attr-defined]
        yield fake


def remote(fake: Fake, **limits: Any) -> OpenAIEncoder:
    url = fake.url  # type: ignore[attr-defined]
    return OpenAIEncoder(url, "sk-secret", "letters", 8, limits=Limits(**limits), pause=fake.pause)


@pytest.fixture(params=["onnx", "openai", "onnx-real"])
async def encoder(request: pytest.FixtureRequest, built: Path, fake: Fake) -> AsyncIterator[Encoder]:
    if request.param == "openai":
        engine: Encoder = remote(fake)
    else:
        engine = OnnxEncoder(built if request.param == "onnx" else request.getfixturevalue("real"), threads=2)
    yield engine
    await engine.close()


async def test_gives_one_unit_vector_a_text(encoder: Encoder) -> None:
    vectors = await encoder.embed(TEXTS)
    assert vectors.shape == (len(TEXTS), encoder.dimensions)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


async def test_nothing_in_nothing_out(encoder: Encoder) -> None:
    assert (await encoder.embed([])).shape == (0, encoder.dimensions)


@pytest.mark.parametrize("lane", ["query", "ingest"])
async def test_a_vector_depends_on_its_text_alone(encoder: Encoder, lane: Any) -> None:
    texts = [f"{WORDS[4 + place % 15]} {TEXTS[place % 5]}" for place in range(150)]
    together = await encoder.embed(texts, lane=lane)
    for place in (0, 4, 77, 149):
        alone = await encoder.embed([texts[place]])
        np.testing.assert_allclose(together[place], alone[0], atol=2e-5)


async def test_takes_what_no_tokenizer_likes(encoder: Encoder) -> None:
    vectors = await encoder.embed(
        ["\ud800 half a sign", "\x00\x07", "עברית العربية", "🙂" * 50, "x" * 200_000]
    )
    assert np.isfinite(vectors).all()


async def test_counts_tokens(encoder: Encoder) -> None:
    assert encoder.count_tokens("") == 0
    assert encoder.count_tokens("the cat") >= 2
    assert encoder.count_tokens("the cat " * 400) > encoder.tokens_max or encoder.tokens_max > 800


async def test_has_a_name(encoder: Encoder) -> None:
    assert encoder.name
    assert encoder.tokens_max > 0


async def test_a_closed_encoder_says_so(encoder: Encoder) -> None:
    await encoder.close()
    with pytest.raises(EncoderUnavailable):
        await encoder.embed(["cat"])


async def test_a_caller_may_go_away(encoder: Encoder) -> None:
    task = asyncio.create_task(encoder.embed(TEXTS * 20, lane="ingest"))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await encoder.embed(["cat"])).shape == (1, encoder.dimensions)


@pytest.mark.parametrize("pooling", ["mean_tokens", "cls_token", "max_tokens"])
@pytest.mark.parametrize(("precision", "cosine_min"), [("fp32", 0.99999), ("int8", 0.995)])
async def test_the_drawn_graph_computes_bert(
    tmp_path: Path, pooling: str, precision: Any, cosine_min: float
) -> None:
    source = make_source(tmp_path / "source", pooling=pooling)
    folder = build_encoder(source, tmp_path / "built", model="tiny", precision=precision)
    encoder = OnnxEncoder(folder, threads=1)
    texts = ["the cat sat on the mat", "money", "slow blue river water"]
    vectors = await encoder.embed(texts)
    for text, vector in zip(texts, vectors, strict=True):
        wanted = reference(make_tokenizer().encode(text).ids, pooling)
        assert float(vector @ wanted) >= cosine_min
    await encoder.close()


def test_a_build_is_the_same_every_time(tmp_path: Path, built: Path) -> None:
    again = build_encoder(make_source(tmp_path / "source"), tmp_path / "built", model="tiny")
    for path in built.iterdir():
        assert (again / path.name).read_bytes() == path.read_bytes()
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


async def test_texts_are_cut_at_the_limit(built: Path) -> None:
    encoder = OnnxEncoder(built, threads=1)
    assert encoder.tokens_max == 16
    long, longer = await encoder.embed(["cat " * 14, "cat " * 400])
    np.testing.assert_array_equal(long, longer)
    await encoder.close()


async def test_a_user_folder_is_run_as_its_settings_say(tmp_path: Path) -> None:
    source = make_source(tmp_path / "my-e5-small", pooling="cls_token")
    model = read_folder(build_encoder(source, tmp_path / "built", model="tiny", precision="fp32")).model
    prompts = '{"prompts": {"query": "red ", "document": "blue "}}'
    give(source, {"onnx/model.onnx": read(model), "config_sentence_transformers.json": prompts.encode()})
    found = read_folder(source)
    assert (found.pooling, found.tokens_max, found.prefixes) == (
        "cls",
        16,
        {"query": "red ", "passage": "blue "},
    )
    encoder = OnnxEncoder(source, threads=1)
    for role, prefix in (("query", "red "), ("passage", "blue ")):
        (vector,) = await encoder.embed(["cat"], role=role)  # type: ignore[arg-type]
        assert float(vector @ reference(make_tokenizer().encode(prefix + "cat").ids, "cls_token")) > 0.99999
    await encoder.close()


def test_e5_folders_get_their_prefixes(tmp_path: Path, built: Path) -> None:
    source = make_source(tmp_path / "multilingual-e5-small")
    (source / "model.onnx").write_bytes((built / "model.onnx").read_bytes())
    assert read_folder(source).prefixes == {"query": "query: ", "passage": "passage: "}


def test_a_damaged_model_is_refused(tmp_path: Path, built: Path) -> None:
    for path in built.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    raw = bytearray((tmp_path / "model.onnx").read_bytes())
    raw[len(raw) // 2] ^= 1
    (tmp_path / "model.onnx").write_bytes(raw)
    with pytest.raises(EncoderUnavailable, match="damaged"):
        OnnxEncoder(tmp_path)


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json", "mainstay.json"])
def test_garbage_in_the_folder_is_refused(tmp_path: Path, built: Path, name: str) -> None:
    for path in built.iterdir():
        if path.name != "mainstay.json":
            (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / name).write_bytes(b"\x00garbage")
    with pytest.raises(EncoderUnavailable):
        OnnxEncoder(tmp_path)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x01",
        (1 << 60).to_bytes(8, "little") + b"{}",
        (2).to_bytes(8, "little") + b"{]",
        (2).to_bytes(8, "little") + b"[]",
        (58).to_bytes(8, "little") + b'{"x":{"dtype":"F32","shape":[99],"data_offsets":[0,396]}}  ',
        (58).to_bytes(8, "little") + b'{"x":{"dtype":"F32","shape":[-1],"data_offsets":[0,0]}}    ',
    ],
)
def test_malformed_weights_are_refused(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "model.safetensors").write_bytes(raw)
    with pytest.raises(EncoderUnavailable):
        read_weights(tmp_path / "model.safetensors")


def test_an_incomplete_or_foreign_model_is_not_built(tmp_path: Path) -> None:
    source = make_source(tmp_path / "source")
    write_safetensors(source / "model.safetensors", {"embeddings.LayerNorm.bias": np.zeros(2, np.float32)})
    with pytest.raises(EncoderUnavailable, match="not the whole"):
        build_encoder(source, tmp_path / "built", model="tiny")
    (source / "config.json").write_text('{"model_type": "roberta"}')
    with pytest.raises(EncoderUnavailable, match="roberta"):
        build_encoder(source, tmp_path / "built", model="tiny")
    assert not (tmp_path / "built").exists()


async def test_the_real_model_knows_what_is_alike(real: Path) -> None:
    encoder = OnnxEncoder(real, threads=2)
    vectors = await encoder.embed(
        [
            "A man is eating food.",
            "A man is eating a piece of bread.",
            "The girl is carrying a baby.",
            "Stocks fell.",
        ]
    )
    cosines = vectors @ vectors[0]
    # The model's card publishes .7553 for the first pair of these well-known sentences.
    assert cosines[1] == pytest.approx(0.7553, abs=0.03)
    assert cosines[1] > cosines[2] + 0.3 > cosines[3]
    await encoder.close()


async def test_eight_bits_stay_close_to_the_whole_model(real: Path, tmp_path: Path) -> None:
    source = find_source()
    folder = build_encoder(source, tmp_path / "fp32", model="whole", precision="fp32")
    whole, eight = OnnxEncoder(folder, threads=2), OnnxEncoder(real, threads=2)
    texts = [text for text in TEXTS if text]
    texts += ["How do I reset my password?", "The tenant shall give notice in writing.", "1 + 1 = 2"]
    cosines = ((await whole.embed(texts)) * (await eight.embed(texts))).sum(axis=1)
    assert cosines.min() >= 0.99
    await whole.close()
    await eight.close()


async def test_a_server_gets_texts_in_batches_and_its_order_is_restored(fake: Fake) -> None:
    encoder = remote(fake)
    texts = ["a" * (place % 50) + "h" for place in range(150)]
    vectors = await encoder.embed(texts, lane="ingest")
    assert [len(batch) for batch in sorted(fake.texts, key=len)] == [22, 64, 64]
    wanted = np.asarray([words_vector(text) for text in texts])
    np.testing.assert_allclose(vectors, wanted / np.linalg.norm(wanted, axis=1, keepdims=True), atol=1e-6)
    await encoder.close()


async def test_a_busy_server_is_asked_again_when_it_says(fake: Fake) -> None:
    answers = [web.Response(status=429, headers={"Retry-After": "7"}), web.Response(status=503)]
    fake.act = lambda _request, _texts: answers.pop(0) if answers else None
    encoder = remote(fake)
    assert (await encoder.embed(["cab"])).shape == (1, 8)
    assert fake.pauses == [7.0, 1.0]
    await encoder.close()


async def test_a_broken_server_is_given_up_and_the_key_stays_secret(
    fake: Fake, caplog: pytest.LogCaptureFixture
) -> None:
    fake.act = lambda request, _texts: web.Response(status=500, text=request.headers["Authorization"])
    encoder = remote(fake)
    with pytest.raises(EncoderUnavailable, match="500") as told:
        await encoder.embed(["cab"])
    assert fake.calls == 4
    fake.act = lambda request, _texts: web.Response(status=401, text=request.headers["Authorization"])
    with pytest.raises(EncoderUnavailable, match="check its key") as refused:
        await encoder.embed(["cab"])
    assert fake.calls == 5
    for words in (told.value.detail, refused.value.detail, caplog.text, repr(encoder._server)):
        assert "sk-secret" not in words
    await encoder.close()


ROWS = '{{"data":[{{"index":0,"embedding":{}}}]}}'


@pytest.mark.parametrize(
    "text",
    [
        "no json",
        "[]",
        '{"data":[]}',
        '{"data":[{"index":1,"embedding":[1,1,1,1,1,1,1,1]}]}',
        '{"data":[{"embedding":[1,1,1,1,1,1,1,1]}]}',
        '{"data":["x"]}',
        ROWS.format("[1,2]"),
        ROWS.format("[1,1,1,1,1,1,1,NaN]"),
        ROWS.format("[1,1,1,1,1,1,1,1e999]"),
        ROWS.format('[1,1,1,1,1,1,1,"x"]'),
        ROWS.format("[0,0,0,0,0,0,0,0]"),
        ROWS.format("null"),
    ],
)
async def test_nonsense_from_a_server_is_refused(fake: Fake, text: str) -> None:
    fake.act = lambda _request, _texts: web.Response(text=text, content_type="application/json")
    encoder = remote(fake)
    with pytest.raises(EncoderUnavailable):
        await encoder.embed(["cab"])
    await encoder.close()


async def test_a_stalling_server_is_given_up(fake: Fake) -> None:
    over = asyncio.Event()

    async def stall(_request: web.Request, _texts: list[str]) -> None:
        await over.wait()

    fake.act = stall
    encoder = remote(fake, first_byte_s=0.05, tries_max=2)
    with pytest.raises(EncoderUnavailable, match="in time"):
        await encoder.embed(["cab"])
    over.set()
    await encoder.close()


async def test_an_absent_server_and_a_redirect_are_refused(fake: Fake) -> None:
    fake.act = lambda _request, _texts: web.Response(status=302, headers={"Location": "http://127.0.0.1:9/"})
    encoder = remote(fake)
    with pytest.raises(EncoderUnavailable, match="302"):
        await encoder.embed(["cab"])
    await encoder.close()
    absent = OpenAIEncoder("http://user:secret@127.0.0.1:9/v1", "", "m", 8, limits=Limits(tries_max=1))
    with pytest.raises(EncoderUnavailable, match="cannot be reached") as told:
        await absent.embed(["cab"])
    assert "secret" not in told.value.detail
    await absent.close()


def test_the_tiny_model_is_as_wide_as_it_says(built: Path) -> None:
    assert read_folder(built).name.startswith("tiny-")
    assert HIDDEN == 32
