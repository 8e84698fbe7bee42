"""Heads that are trained together: each learns from its own texts, and one temperature holds for all."""

from dataclasses import replace
from pathlib import Path

import pytest
from encoders import real_folder

from mainstay.engines.encoder.folder import read_folder
from mainstay.engines.encoder.model import OnnxModel, load_tokenizer, pad_id
from mainstay.engines.readers.corpora import read_labelled
from mainstay.engines.readers.folds import held_together
from mainstay.engines.readers.opinion_training import Lesson, OpinionPlan, train_opinion, train_opinions
from mainstay.engines.readers.sheets import Sheets

_CORPUS = Path(__file__).parents[2] / "corpora" / "sentiment" / "en_plain_daily.tsv"
_PLAN = OpinionPlan(tried=((0, 0, 0.02, 1.0),))


@pytest.fixture(scope="module")
def encoder() -> tuple[OnnxModel, Sheets]:
    found = read_folder(real_folder())
    tokenizer = load_tokenizer(found)
    return OnnxModel(found, pad_id(tokenizer)), Sheets(tokenizer, found.tokens_max)


def _silent(_step: str, _done: int, _total: int) -> None:
    return


def test_one_temperature_holds_for_all_that_are_trained_together(encoder: tuple[OnnxModel, Sheets]) -> None:
    texts, labels = read_labelled([_CORPUS])
    told = Lesson(texts, labels, held_together([len(texts)]), {})
    by_chance = replace(told, labels=labels[7:] + labels[:7])
    alone = [
        float(train_opinion(*encoder, lesson, _PLAN, _silent).card["temperature"])
        for lesson in (told, by_chance)
    ]
    heads = train_opinions(*encoder, [told, by_chance], _PLAN, _silent)
    shared = [head.card["temperature"] for head in heads]
    assert shared[0] == shared[1]
    assert alone[0] < shared[0] < alone[1], "labels by chance are worth no confidence"
    learned = [head.card["out_of_fold_macro_f1"] for head in heads]
    assert learned[0] > learned[1] + 0.2
