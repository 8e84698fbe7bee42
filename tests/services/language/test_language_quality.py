"""On public data that nothing was chosen by: short forms of the benchmarks, each against a bare baseline."""

import json
import math
import os
import random
import re
import zipfile
from collections import Counter
from pathlib import Path

import pytest
import Stemmer

from mainstay.engines.languages.ensemble import EnsembleLanguages
from mainstay.services.language.keywords import phrases
from mainstay.services.language.summaries import Length, by_words, central, chosen, sentences_of

_STEM = Stemmer.Stemmer("porter").stemWords


def data(name: str) -> Path:
    path = Path(os.environ.get("MAINSTAY_BENCH_DATA", "")) / name
    if not os.environ.get("MAINSTAY_BENCH_DATA") or not path.exists():
        reason = f"{name} is not here: set MAINSTAY_BENCH_DATA"
        if os.environ.get("MAINSTAY_REQUIRE_SERVICES") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return path


def stemmed(text: str) -> tuple[str, ...]:
    return tuple(_STEM(re.findall(r"[\w']+", text.lower())))


def test_key_phrases_are_those_that_people_chose() -> None:
    """YAKE reaches 0.17 here, in the benchmark."""
    scores = []
    with zipfile.ZipFile(data("keyphrases/Inspec.zip")) as archive:
        names = [Path(name).stem for name in archive.namelist() if name.endswith(".key")]
        for name in sorted(name for name in names if int(name) % 2)[::4]:
            text = archive.read(f"Inspec/docsutf8/{name}.txt").decode("utf-8", "replace")
            keys = archive.read(f"Inspec/keys/{name}.key").decode("utf-8", "replace").splitlines()
            gold = {stemmed(key) for key in keys if key.strip()}
            ours = list(dict.fromkeys(stemmed(text[one.start : one.end]) for one in phrases(text, "en", 10)))
            scores.append(2 * len(gold & {*ours}) / (len(gold) + len(ours)))
    assert len(scores) > 200
    assert sum(scores) / len(scores) > 0.28


def test_languages_are_told_of_sentences_and_of_pieces() -> None:
    chance = random.Random(5)  # noqa: S311 - which pieces are looked at is no secret
    detector = EnsembleLanguages()
    codes = {"deu": "de", "por": "pt", "ita": "it", "nld": "nl", "hin": "hi", "jpn": "ja", "spa": "es"}
    right = Counter[int]()
    for code, language in codes.items():
        lines = (data("ntrex") / f"newstest2019-ref.{code}.txt").read_text("utf-8").splitlines()[1::2]
        some = [line for line in lines if len(line) > 40][:150]
        pieces = [line[at : at + 20] for line in some if (at := chance.randrange(len(line) - 20)) >= 0]
        for kind, texts in enumerate((some, pieces)):
            told = detector.detect_many(texts, 1)
            right[kind] += sum(bool(each) and each[0].language == language for each in told)
    assert right[0] / (150 * len(codes)) >= 0.99
    assert right[1] / (150 * len(codes)) >= 0.92


def test_a_chosen_sentence_says_more_than_the_first() -> None:
    """ROUGE-1 of one sentence, without the encoder, against Lead-1."""
    pairs = list(json.loads((data("legal-summ") / "all_v1.json").read_text("utf-8")).values())
    ours, lead = [], []
    for pair in pairs:
        text, wanted = pair["original_text"], Counter(stemmed(pair["reference_summary"]))
        said = [text[start:end] for start, end in sentences_of(text)]
        [best] = chosen(said, by_words(said, "en") + central(said, "en"), None, Length(1, None))
        for scores, sentence in ((ours, said[best]), (lead, said[0])):
            words = Counter(stemmed(sentence))
            scores.append(2 * (words & wanted).total() / (words.total() + wanted.total()))
    assert math.fsum(ours) > math.fsum(lead)
