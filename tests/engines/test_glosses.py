"""One suite for all dictionaries, then what only those in dictd's format promise."""

import gzip
import logging
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mainstay.engines.glosses import dictd
from mainstay.engines.glosses.freedict import WORDS_GLOSSED_MAX, FreedictGlosses
from mainstay.engines.glosses.none import NoGlosses
from mainstay.ports.glosses import Glosses, GlossesUnavailable

DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

GERMAN = [
    ("Haus", "Haus /haʊs/ <neut, n, sg>\n [mus.] volta bracket <n>"),
    ("Haus", 'Haus /haʊs/ <neut, n, sg>\nhouse <n>\n      "ein Haus bauen"  - build a villa\n' + 400 * " "),
    ("Tür", "Tür /tyːɐ/ <fem, n, sg>\ndoor <n>, gate <n> [Am.]\n   Synonym: {Pforte}\n\n see: {Türen}"),
    ("öffnen", "öffnen /œfnən/ <v>\nopen (sth.) <v>\n         Note: a shop"),
    ("ohne Haus", "ohne Haus\nhomeless"),
]
SPANISH = [
    ("puerto", "puerto /pweɾto/\nharbour, port"),
    ("puerta", "puerta /pweɾta/\n1. door\n2. gate"),
    ("abrir", "abrir\nopen"),
    ("cuándo", "cuándo\nwhen"),
]


def number(value: int) -> str:
    digits = DIGITS[value % 64]
    return digits if value < 64 else number(value // 64) + digits


def write(
    folder: Path, name: str, entries: Sequence[tuple[str, str]], *, packed: bool = True, extra: bytes = b""
) -> Path:
    """Write a dictionary as `dictfmt` does."""
    folder.mkdir(exist_ok=True)
    text, lines = b"", []
    for word, entry in entries:
        told = entry.encode() + b"\n"
        lines.append(f"{word}\t{number(len(text))}\t{number(len(told))}\n".encode())
        text += told
    (folder / f"{name}.index").write_bytes(b"".join(sorted(lines)) + extra)
    if packed:
        (folder / f"{name}.dict.dz").write_bytes(gzip.compress(text))
    else:
        (folder / f"{name}.dict").write_bytes(text)
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path / "d", "freedict-deu-eng", GERMAN)
    return write(tmp_path / "d", "freedict-spa-eng", SPANISH, packed=False)


@pytest.fixture
def glosses(folder: Path) -> FreedictGlosses:
    return FreedictGlosses(folder)


@pytest.mark.parametrize("engine", ["none", "freedict"])
def test_without_a_dictionary_for_the_pair_nothing_is_said(engine: str, folder: Path) -> None:
    found: Glosses = NoGlosses() if engine == "none" else FreedictGlosses(folder)
    assert found.gloss("La maison", "fr", "en") == ""
    assert found.gloss("Haus", "de", "und") == ""
    assert found.gloss("", "de", "en") == ""


def test_words_are_given_in_order_and_the_unknown_stay(glosses: FreedictGlosses) -> None:
    assert glosses.gloss("Öffnen Einsteins Haus?", "de", "en") == "open Einsteins house"
    assert glosses.gloss("Einstein und Gödel", "de", "en") == ""


def test_grammar_notes_synonyms_and_examples_are_no_translations(glosses: FreedictGlosses) -> None:
    told = glosses.gloss("Tür öffnen Haus", "de", "en", translations=9)
    assert told == "door gate open house volta bracket"[: len(told)]
    assert not {"Pforte", "villa", "Am", "n", "sth", "shop"} & set(told.split())


def test_a_common_sense_comes_before_a_special_one(glosses: FreedictGlosses) -> None:
    assert glosses.gloss("HAUS", "de", "en") == "house"
    assert glosses.gloss("Haus", "de", "en", translations=2) == "house volta bracket"


def test_inflected_and_unaccented_words_are_found(glosses: FreedictGlosses) -> None:
    assert glosses.gloss("puertos", "es", "en") == "harbour"
    assert glosses.gloss("puertas", "es", "en") == "door"
    assert glosses.gloss("abrirían", "es", "en") == "open"
    assert glosses.gloss("PUÉRTO", "es", "en") == "harbour"


def test_compounds_are_parted_in_languages_that_write_them(glosses: FreedictGlosses) -> None:
    assert glosses.gloss("Haustüröffnen", "de", "en") == ""  # parts of three letters are no parts
    assert glosses.gloss("Hauspuerto", "de", "en") == ""
    assert glosses.gloss("Haushaus", "de", "en") == "house house"
    assert glosses.gloss("Hausesöffnen", "de", "en") == "house open"
    assert glosses.gloss("puertopuerta", "es", "en") == ""


def test_a_small_dictionary_is_read_backwards_too(glosses: FreedictGlosses) -> None:
    assert ("en", "es") in glosses.pairs
    assert glosses.gloss("when does the port open", "en", "es") == "cuándo does the puerto abrir"


def test_only_so_many_words_are_glossed(glosses: FreedictGlosses) -> None:
    told = glosses.gloss("Haus " * 10_000, "de", "en")
    assert told.split() == ["house"] * WORDS_GLOSSED_MAX
    assert glosses.gloss("h" * 100_000, "de", "en") == ""
    assert glosses.gloss("Haus \ud800 \0 a\u0301\u0301", "de", "en").startswith("house")


def test_damaged_lines_are_passed_over(tmp_path: Path) -> None:
    bad = b"Tor\tA\n\xff\xfe\tA\tB\nWeg\t////////\tB\nAst\tA\t////////\n\tA\tB\nGas\t?\t!\n" + b"\n" * 9
    found = FreedictGlosses(write(tmp_path / "d", "freedict-deu-eng", GERMAN, extra=bad))
    assert found.gloss("Haus Tor Weg Ast Gas", "de", "en") == "house Tor Weg Ast Gas"


@pytest.mark.parametrize("damage", ["cut off", "not gzip", "gone", "a bomb"])
def test_a_damaged_dictionary_is_left_alone_and_told(
    damage: str, folder: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = folder / "freedict-deu-eng.dict.dz"
    if damage == "gone":
        packed.unlink()
    elif damage == "a bomb":
        monkeypatch.setattr(dictd, "TEXT_BYTES_MAX", 1_000_000)
        packed.write_bytes(gzip.compress(bytes(50_000_000)))
    else:
        packed.write_bytes(packed.read_bytes()[:-20] if damage == "cut off" else b"Haus, house")
    found = FreedictGlosses(folder)
    with caplog.at_level(logging.WARNING, "mainstay.glosses"):
        assert found.gloss("Haus", "de", "en") == ""
        assert found.gloss("Haus", "de", "en") == ""
    assert len(caplog.records) == 1
    assert "freedict-deu-eng.dict" in caplog.text
    assert found.gloss("puerto", "es", "en") == "harbour"


def test_files_beyond_the_limits_are_not_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dictd, "FILE_BYTES_MAX", 20)
    with pytest.raises(GlossesUnavailable, match="20 bytes"):
        list(dictd.entries(folder / "freedict-deu-eng.index"))
    monkeypatch.undo()
    monkeypatch.setattr(dictd, "WORDS_MAX", 2)
    with pytest.raises(GlossesUnavailable, match="2 headwords"):
        list(dictd.entries(folder / "freedict-deu-eng.index"))


def test_a_folder_without_dictionaries_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "notes-xxx-yyy.index").touch()
    for place in (tmp_path, tmp_path / "missing"):
        with pytest.raises(GlossesUnavailable, match="dict-freedict-deu-eng"):
            FreedictGlosses(place)


def test_many_threads_get_the_same_gloss_and_read_once(
    glosses: FreedictGlosses, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = []
    entries = dictd.entries

    def counted(index: Path) -> object:
        read.append(index)
        return entries(index)

    monkeypatch.setattr("mainstay.engines.glosses.freedict.entries", counted)
    with ThreadPoolExecutor(8) as threads:
        told = set(threads.map(lambda _: glosses.gloss("Haushaus geöffnet Türen", "de", "en"), range(64)))
    assert told == {"house house geöffnet door"}
    assert len(read) == 1


def test_a_query_takes_less_than_a_millisecond(glosses: FreedictGlosses) -> None:
    spent = []
    for _ in range(50):
        begun = time.perf_counter()
        glosses.gloss("Wann öffnen die Häuser am Hafen ihre Türen und Haustüren für Gäste", "de", "en")
        spent.append(time.perf_counter() - begun)
    assert sorted(spent)[25] < 0.001
