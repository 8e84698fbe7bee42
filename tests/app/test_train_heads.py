"""`mainstay train-heads`: what it makes reads texts, and what it is given wrong is told by its place."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from engines.encoders import real_folder
from mainstay.engines.readers.corpora import bracketed, read_named
from mainstay.engines.readers.heads import HeadsReader

CORPORA = Path(__file__).parents[2] / "corpora"


@pytest.fixture(scope="module")
def encoder() -> Path:
    return real_folder()


def trained(encoder: Path, *words: str | Path) -> subprocess.CompletedProcess[str]:
    command = [Path(sys.executable).with_name("mainstay"), "train-heads", *words]
    environment = {**os.environ, "MAINSTAY_ENCODER": str(encoder)}
    return subprocess.run(  # noqa: S603 - our own command
        [str(each) for each in command], capture_output=True, text=True, env=environment, check=False
    )


def card(told: str) -> dict[str, object]:
    found: dict[str, object] = json.loads(told[told.index("{") :])
    return found


async def test_ones_own_names_and_moods_are_read(encoder: Path, tmp_path: Path) -> None:
    notes = tmp_path / "notes.txt"
    drugs = ["Aspirin", "Ibuprofen", "Tramadol", "Codeine", "Metformin", "Warfarin", "Heparin", "Insulin"]
    ways = ["She takes [DRUG {}] daily.", "[DRUG {}] was stopped.", "No [DRUG {}], please.", "He is well."]
    notes.write_text("\n".join(way.format(drug) for way in ways for drug in drugs), "utf-8")
    moods = tmp_path / "moods.tsv"
    lines = (CORPORA / "sentiment" / "de.tsv").read_text("utf-8").split("\n")
    moods.write_text("\n".join(lines[::2]), "utf-8")
    out = tmp_path / "heads"
    names = trained(encoder, "mentions", notes, "--out", out, "--source", "our notes")
    assert names.returncode == 0, names.stderr
    assert "Warning" not in names.stderr
    made = card(names.stdout)
    assert (made["kind"], made["data"], made["texts"]) == ("mentions", "our notes", 32)
    assert 0 <= float(str(made["held_out_f1"])) <= 1
    moody = trained(encoder, "sentiment", moods, "--out", out, "--language", "de")
    assert moody.returncode == 0, moody.stderr
    assert card(moody.stdout)["labels"] == ["negative", "neutral", "positive"]
    reader = HeadsReader(encoder, out)
    [english, german] = await reader.read(
        ["She takes Ramipril daily.", "Das ist großartig!"], ["en", "de"], ["mentions", "sentiment"]
    )
    await reader.close()
    assert [(each.kind, each.start, each.end) for each in english.mentions or ()] == [("drug", 10, 18)]
    assert english.sentiment is None
    assert max(german.sentiment or {"": 0.0}, key=(german.sentiment or {"": 0.0}).__getitem__) == "positive"
    assert german.mentions is None


def test_what_is_wrong_is_told_by_its_place(encoder: Path, tmp_path: Path) -> None:
    moods = tmp_path / "moods.tsv"
    moods.write_text("positive\tGood.\nno tab here\n", "utf-8")
    told = trained(encoder, "sentiment", moods, "--out", tmp_path / "out")
    assert told.returncode == 2
    assert "moods.tsv:2" in told.stderr.replace("\n", "").replace("│", "").replace(" ", "")
    moods.write_text("positive\tGood.\n", "utf-8")
    assert "too few" in trained(encoder, "sentiment", moods, "--out", tmp_path / "out").stderr
    assert trained(encoder, "moods", moods, "--out", tmp_path / "out").returncode == 2
    assert not (tmp_path / "out").exists()


def test_brackets_and_columns_are_the_same_texts(tmp_path: Path) -> None:
    line = bracketed("[PER Ada Lovelace] wrote to [LOC Turin].")
    assert line.text == "Ada Lovelace wrote to Turin."
    assert line.names == [("person", 0, 12), ("place", 22, 27)]
    columns = tmp_path / "columns.txt"
    columns.write_text("Ada B-PER\nLovelace I-PER\nwrote O\nto O\nTurin B-LOC\n. O\n\n", "utf-8")
    [read] = read_named([columns])
    assert read.text == "Ada Lovelace wrote to Turin ."
    assert read.names == [("person", 0, 12), ("place", 22, 27)]
    assert read_named(sorted((CORPORA / "entities").glob("*.txt")))


async def test_ones_own_kinds_are_judged(encoder: Path, tmp_path: Path) -> None:
    files = [CORPORA / "moderation" / f"en_{name}.tsv" for name in ("plain", "chat")]
    out, usual = tmp_path / "heads", CORPORA / "sentiment" / "en_techdoc.tsv"
    made = trained(encoder, "moderation", *files, "--ordinary", usual, "--out", out)
    assert made.returncode == 0, made.stderr
    told = card(made.stdout)
    assert told["files"] == ["en_plain.tsv", "en_chat.tsv", "en_techdoc.tsv"]
    assert "violence/graphic" in str(told["weak"])  # of fewer than fifty texts
    reader = HeadsReader(encoder, out)
    [read] = await reader.read(["You are stupid and ugly."], ["en"], ["moderation"])
    await reader.close()
    assert "violence/graphic" not in (read.concerns or {})
    assert (read.concerns or {})["harassment"].score > 0.5
