"""Which languages an encoder knows: from its folder, its model card, or the operator."""

from pathlib import Path

import pytest
from encoders import make_source

from mainstay.engines.encoder.languages import EVERY, USUAL, knows, languages_of, read_languages
from mainstay.engines.encoder.onnx import OnnxEncoder

_LIST = "---\ntags:\n- mteb\nlanguage:\n- multilingual\n- af\n- am\nlicense: mit\n---\n# Model\n"


@pytest.mark.parametrize(
    ("card", "languages"),
    [
        ("---\nlanguage: en\nlicense: apache-2.0\n---\n# all-MiniLM", {"en"}),
        ("---\nlanguage: [en, zh-CN]\n---\n", {"en", "zh"}),
        ('---\r\nlicense: mit\r\nlanguage:\r\n  - "de"\r\n  - fr\r\n---\r\n', {"de", "fr"}),
        (_LIST, EVERY),
        ("---\nlicense: mit\n---\nlanguage: de", USUAL),
        ("---\nlanguage:\nlicense: mit\n---\n", USUAL),
        ("# No card\nlanguage: de\n", USUAL),
        ("---\nlanguage: de\n", USUAL),
        ("\udcff\udcfe", USUAL),
    ],
)
def test_a_model_card_names_them(tmp_path: Path, card: str, languages: frozenset[str]) -> None:
    (tmp_path / "README.md").write_bytes(card.encode("utf-8", "surrogateescape"))
    assert read_languages(tmp_path / "README.md") == languages


def test_without_a_card_it_is_english(tmp_path: Path) -> None:
    assert read_languages(tmp_path / "README.md") == {"en"}


def test_an_operator_names_them() -> None:
    assert languages_of("en,de") == {"en", "de"}
    assert languages_of(["es", "pt"]) == {"es", "pt"}
    assert languages_of("") == USUAL
    everything = languages_of("*")
    assert knows(everything, "sw")
    assert not knows(languages_of("en, de"), "fr")


async def test_a_folder_says_which_languages_its_model_knows(tmp_path: Path, built: Path) -> None:
    source = make_source(tmp_path / "small")
    (source / "model.onnx").write_bytes((built / "model.onnx").read_bytes())
    (source / "README.md").write_text("---\nlanguage: [de, fr]\n---\n")
    cases = ((source, None, {"de", "fr"}), (built, None, {"en"}), (source, frozenset({"es"}), {"es"}))
    for folder, given, known in cases:
        encoder = OnnxEncoder(folder, threads=1, languages=given)
        assert {each for each in ("en", "de", "fr", "es") if encoder.knows(each)} == known
        await encoder.close()
