"""The reader: what its heads find, in batches and in windows, and what it refuses."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio
from encoders import real_folder

from mainstay.engines.encoder.folder import read_folder
from mainstay.engines.encoder.model import OnnxModel, load_tokenizer, pad_id
from mainstay.engines.readers.heads import TRAINED, HeadsReader
from mainstay.engines.readers.late import LateReader
from mainstay.engines.readers.sheets import Sheets, running, windows
from mainstay.engines.readers.stored import Head, load_heads, save_head
from mainstay.engines.readers.tagger import best_sequences, spans_of
from mainstay.ports.failures import EncoderUnavailable
from mainstay.ports.readers import Part, ReaderUnavailable

pytestmark = pytest.mark.asyncio(loop_scope="module")
_BOTH: tuple[Part, ...] = ("sentiment", "mentions")
_TEXT = "Maria Oliveira joined Lufthansa in Frankfurt last Monday."


@pytest.fixture(scope="module")
def folder() -> Path:
    return real_folder()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def reader(folder: Path) -> AsyncIterator[HeadsReader]:
    made = HeadsReader(folder)
    yield made
    await made.close()


async def test_names_are_found_where_they_stand(reader: HeadsReader) -> None:
    [read] = await reader.read([_TEXT], ["en"], ["mentions"])
    assert read.sentiment is None
    found = [(each.kind, _TEXT[each.start : each.end]) for each in read.mentions or ()]
    assert found == [("person", "Maria Oliveira"), ("organisation", "Lufthansa"), ("place", "Frankfurt")]
    assert all(0.5 < each.score < 1 for each in read.mentions or ())


async def test_a_verdict_is_a_distribution(reader: HeadsReader) -> None:
    texts = ["I love it, the best purchase in years!", "Broken on arrival. Never again.", "It opens at nine."]
    read = await reader.read(texts, ["en"] * 3, ["sentiment"])
    best = [max(each.sentiment or {}, key=(each.sentiment or {}).__getitem__) for each in read]
    assert best == ["positive", "negative", "neutral"]
    assert all(sum((each.sentiment or {}).values()) == pytest.approx(1) for each in read)
    assert all(each.mentions is None for each in read)


async def test_what_is_not_known_of_a_language_is_none(reader: HeadsReader) -> None:
    [read] = await reader.read(["Das Wetter in Berlin ist schlecht."], ["de"], _BOTH)
    assert read.sentiment is None
    assert read.mentions is None


@asynccontextmanager
async def _counted(folder: Path) -> AsyncIterator[tuple[HeadsReader, list[int]]]:
    """Give a reader, and how many windows each run of its model has."""
    found = read_folder(folder)
    model = OnnxModel(found, pad_id(load_tokenizer(found)))
    made, runs, give = HeadsReader(folder, model=model), list[int](), model.give
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            model,
            "give",
            lambda ids, outputs, whole: runs.append(len(ids)) or give(ids, outputs, whole=whole),
        )
        yield made, runs
    await made.close()


async def test_the_model_is_not_run_over_what_no_head_reads(folder: Path) -> None:
    async with _counted(folder) as (made, runs):
        alien, known = await made.read(["." * 1_000_000, _TEXT], ["und", "en"], _BOTH)
    assert (alien.sentiment, alien.mentions) == (None, None)
    assert known.mentions
    assert sum(runs) == 1


@pytest.mark.parametrize(
    "text", ["peter.hansen@example.com; ", "NO93 ", "NO9386011117947\n", "a@", "2024-01-31,17.5\n"]
)
async def test_of_lists_without_words_the_beginning_is_read(folder: Path, text: str) -> None:
    async with _counted(folder) as (made, runs):
        [read] = await made.read([text * 2_000 + _TEXT], ["en"], _BOTH)
    assert sum(runs) <= 5  # a window of very many tokens is read in parts
    assert read.sentiment is not None
    assert [(text * 2_000 + _TEXT)[each.start : each.end] for each in read.mentions or ()][-3:] == [
        "Maria Oliveira",
        "Lufthansa",
        "Frankfurt",
    ]


async def test_what_is_unwanted_is_looked_for_in_lists_too(folder: Path) -> None:
    async with _counted(folder) as (made, runs):
        await made.read(["k1ll " * 200], ["en"], ["moderation"])
    assert sum(runs) == 10


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("17,Hansen,hansen@example.com", True),
        ("<p.h@example.com> 5 kg, 2 m²", True),
        ("张三在2024年", True),
        ("_Ada_", True),
        ("a1b2 c3d4 x y z", False),
        ("peter.hansen@example.com,ada+x@a-b.example", False),
        ("", False),
    ],
)
async def test_running_text_has_words(text: str, *, expected: bool) -> None:
    assert running(text) is expected


async def test_a_batch_reads_as_each_text_alone(reader: HeadsReader) -> None:
    texts = [_TEXT, "ok", "…", "Ada\u200bLovelace 😀 wrote to Turin", "\u202eabc", "A " * 300, "\ud800"]
    together = await reader.read(texts, ["en"] * len(texts), _BOTH)
    alone = [(await reader.read([text], ["en"], _BOTH))[0] for text in texts]
    for one, other in zip(together, alone, strict=True):
        assert [(m.kind, m.start, m.end) for m in one.mentions or ()] == [
            (m.kind, m.start, m.end) for m in other.mentions or ()
        ]
        assert one.sentiment == pytest.approx(other.sentiment, abs=1e-3)


async def test_a_long_text_is_read_to_its_end(reader: HeadsReader) -> None:
    text = "Nothing happened there. " * 200 + _TEXT
    [read] = await reader.read([text], ["en"], _BOTH)
    assert [text[each.start : each.end] for each in read.mentions or ()][-3:] == [
        "Maria Oliveira",
        "Lufthansa",
        "Frankfurt",
    ]


def _row(number: int, name: str) -> str:
    return (
        f"{4_711_000 + 37 * number},{name},2024-03-{number % 28 + 1:02},{number * 7_919:08x}b7e-4f2,19.95\n"
    )


@pytest.mark.parametrize(
    "text",
    [
        "2024-01-31T17:05:11.042Z 7f1171a7-8ce0-4d52 " * 14,
        "0123456789" * 64,
        "Only the beginning is ASCII. " * 12 + "\u5f20\u4e09" * 150,
        "\U0001f6f3a1" * 200,
        "short",
        "",
    ],
)
async def test_every_word_of_a_window_is_read(folder: Path, text: str) -> None:
    found = read_folder(folder)
    sheets = Sheets(load_tokenizer(found), found.tokens_max).make_all(text)
    assert "".join(sheet.text for _, sheet in sheets) == text
    assert all(text.startswith(sheet.text, begin) for begin, sheet in sheets)
    assert all(len(sheet) <= found.tokens_max for _, sheet in sheets)
    for _, sheet in sheets:
        assert not text or sheet.spans[-1][1] == len(sheet.text.rstrip())


async def test_names_in_long_tables_are_found_where_they_stand(reader: HeadsReader) -> None:
    names = ["Maria Oliveira", "Peter Hansen", "Anna Schmidt", "James Brown"]
    rows = [_row(number, names[number % 4]) for number in range(120)]
    text = "".join(rows)
    [whole] = await reader.read([text], ["en"], ["mentions"])
    alone = await reader.read(rows, ["en"] * len(rows), ["mentions"])
    found = [text[each.start : each.end] for each in whole.mentions or () if each.kind == "person"]
    by_row = sum(each.kind == "person" for read in alone for each in read.mentions or ())
    assert set(found) >= set(names)
    assert len([each for each in found if each in names]) >= 0.95 * by_row


async def test_names_among_rows_of_numbers_are_found(folder: Path) -> None:
    numbers = "".join(f"{number},2024-01-31,17.5\n" for number in range(1_000, 1_100))
    text = (numbers + _row(7, "Maria Oliveira")) * 4
    async with _counted(folder) as (made, runs):
        [read] = await made.read([text], ["en"], ["mentions"])
    found = [text[each.start : each.end] for each in read.mentions or () if each.kind == "person"]
    assert found.count("Maria Oliveira") == 4
    assert sum(runs) < len(text) / 640


async def test_many_at_once_are_answered(reader: HeadsReader) -> None:
    texts = [f"{_TEXT} {number}" for number in range(60)]
    read = await asyncio.gather(*[reader.read([text], ["en"], _BOTH) for text in texts])
    assert all(len(each[0].mentions or ()) == 3 for each in read)


async def test_words_are_whole_and_layers_agree(folder: Path) -> None:
    found = read_folder(folder)
    tokenizer = load_tokenizer(found)
    sheet = Sheets(tokenizer, found.tokens_max).make("Überraschungsparty, isn't it?")
    assert sheet.words == ["Überraschungsparty", ",", "isn", "'", "t", "it", "?"]
    model = OnnxModel(found, pad_id(tokenizer))
    means, tokens, embedding = model.give([sheet.ids], ["layer_means", "tokens", "embedding"])
    np.testing.assert_allclose(means[0, -1], tokens[0].mean(axis=0), atol=1e-5)
    np.testing.assert_allclose(embedding[0], means[0, -1] / np.linalg.norm(means[0, -1]), atol=1e-5)
    lower, below = model.give([sheet.ids], ["lower_means", "layer_5"], whole=False)
    np.testing.assert_array_equal(lower[0], means[0, :-1])
    np.testing.assert_allclose(lower[0, -1], below[0].mean(axis=0), atol=1e-5)


async def test_the_last_layer_is_computed_for_heads_that_read_it(folder: Path) -> None:
    found = read_folder(folder)
    model = OnnxModel(found, pad_id(load_tokenizer(found)))
    reader, wholes, give = HeadsReader(folder, model=model), list[bool](), model.give
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            model, "give", lambda ids, outputs, whole: wholes.append(whole) or give(ids, outputs, whole=whole)
        )
        [analysed] = await reader.read([_TEXT], ["en"], _BOTH)
        [judged] = await reader.read([_TEXT], ["en"], ["moderation", *_BOTH])
    assert wholes == [False, True]
    assert judged.concerns
    assert (judged.sentiment, judged.mentions) == (analysed.sentiment, analysed.mentions)
    await reader.close()


async def test_a_head_for_sentiment_may_read_the_last_layer_too(folder: Path, tmp_path: Path) -> None:
    head = next(each for each in load_heads(TRAINED) if each.kind == "sentiment")
    weight = head.arrays["weight"]
    wider = np.vstack([weight, np.zeros((384, weight.shape[1]), weight.dtype)])
    save_head(tmp_path, "sentiment-en", Head({**head.arrays, "weight": wider}, head.card))
    wide, usual = HeadsReader(folder, tmp_path), HeadsReader(folder)
    read = [await reader.read([_TEXT], ["en"], ["sentiment"]) for reader in (wide, usual)]
    assert read[0][0].sentiment == pytest.approx(read[1][0].sentiment)
    for reader in (wide, usual):
        await reader.close()


@pytest.mark.parametrize("text", ["x" * 1_000_000, "ab " * 5_000, "अ" * 5_000, "", "a\n" * 4_000])
async def test_windows_cover_a_text(text: str) -> None:
    parts = list(windows(text))
    assert "".join(part for _, part in parts) == text
    assert all(text.startswith(part, place) for place, part in parts[:50])
    assert max(len(part) for _, part in parts) <= 640


async def test_sequences_are_the_likeliest_of_all() -> None:
    rng = np.random.default_rng(3)
    scores = rng.normal(size=(9, 3)).astype(np.float32)
    first, after = rng.normal(size=3).astype(np.float32), rng.normal(size=(3, 3)).astype(np.float32)
    found = best_sequences(scores, np.asarray([4, 0, 5]), first, after)
    assert found[:4].tolist() == _tried(scores[:4], first, after)
    assert found[4:].tolist() == _tried(scores[4:], first, after)


def _tried(scores: np.ndarray, first: np.ndarray, after: np.ndarray) -> list[int]:
    def worth(way: tuple[int, ...]) -> float:
        steps = sum(float(after[a, b]) for a, b in pairwise(way))
        return float(first[way[0]]) + steps + sum(float(scores[n, label]) for n, label in enumerate(way))

    return list(max(np.ndindex(*[3] * len(scores)), key=worth))


async def test_labels_become_spans() -> None:
    labels = ["B-person", "I-person", "O", "I-place", "B-place", "I-person"]
    assert spans_of(labels) == [("person", 0, 2), ("place", 3, 4), ("place", 4, 5), ("person", 5, 6)]


async def test_a_damaged_or_strange_head_is_refused(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(TRAINED, tmp_path / "heads")
    card = next((tmp_path / "heads").glob("mentions*.json"))
    told = json.loads(card.read_text())
    card.write_text(json.dumps({**told, "encoder": "another"}))
    with pytest.raises(ReaderUnavailable, match="belong to another"):
        HeadsReader(folder, tmp_path / "heads")
    card.write_text(json.dumps({**told, "sha256": "0" * 64}))
    with pytest.raises(ReaderUnavailable, match="not what its card says"):
        load_heads(tmp_path / "heads")
    card.write_text("{")
    with pytest.raises(ReaderUnavailable, match="train it again"):
        load_heads(tmp_path / "heads")


async def test_an_encoder_without_layers_is_refused(built: Path, tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    reader = HeadsReader(built, tmp_path / "none")
    [read] = await reader.read(["The cat sat."], ["en"], _BOTH)
    assert (read.sentiment, read.mentions) == (None, None)
    await reader.close()


async def test_a_late_reader_tries_again(folder: Path) -> None:
    tries: list[int] = []

    def make() -> HeadsReader:
        tries.append(1)
        if len(tries) == 1:
            raise EncoderUnavailable("not yet")
        return HeadsReader(folder)

    late = LateReader(make)
    with pytest.raises(ReaderUnavailable, match="not yet"):
        await late.read([_TEXT], ["en"], _BOTH)
    [read] = await late.read([_TEXT], ["en"], _BOTH)
    assert read.mentions
    await late.close()
    with pytest.raises(ReaderUnavailable, match="clos"):
        await late.read([_TEXT], ["en"], _BOTH)
