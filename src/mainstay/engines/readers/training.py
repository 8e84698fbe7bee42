"""Trains a head upon an encoder's folder, from annotated text, and writes it with its card."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mainstay.engines.encoder.folder import read_folder
from mainstay.engines.encoder.model import OnnxModel, load_tokenizer, pad_id
from mainstay.engines.readers.corpora import read_labelled, read_named
from mainstay.engines.readers.folds import held_together
from mainstay.engines.readers.gathering import Progress
from mainstay.engines.readers.judgement import NONE
from mainstay.engines.readers.judgement_training import JudgementPlan, train_judgement
from mainstay.engines.readers.layers import LOWER
from mainstay.engines.readers.opinion_training import Lesson, OpinionPlan, train_opinion
from mainstay.engines.readers.sheets import Sheets
from mainstay.engines.readers.stored import Head, save_head
from mainstay.engines.readers.tagger_training import TaggerPlan, train_tagger
from mainstay.ports.readers import Part, ReaderUnavailable

_TEXTS_MIN = 20


def train_head(
    part: Part,
    files: Sequence[Path],
    encoder: Path,
    out: Path,
    *,
    ordinary: Sequence[Path] = (),
    languages: Sequence[str],
    about: Mapping[str, str],
    seed: int,
    progress: Progress,
) -> Mapping[str, Any]:
    """Train a head, write it into the folder `out`, and give its card.

    `about` says what the texts are and their licence; `ordinary` texts, for moderation, have no unwanted
    label, whatever others they have. Raises ValueError for texts that are none, and
    ReaderUnavailable when the encoder cannot be read.
    """
    found = read_folder(encoder)
    tokenizer = load_tokenizer(found)
    model, sheets = OnnxModel(found, pad_id(tokenizer)), Sheets(tokenizer, found.tokens_max)
    if LOWER not in model.outputs:
        raise ReaderUnavailable(f"{encoder} does not give its layers: use the encoder that Mainstay builds.")
    card = {
        "encoder": found.name,
        "languages": sorted(languages),
        **about,
        "files": [path.name for path in (*files, *ordinary)],
    }
    head = _trained(part, (files, ordinary), model, sheets, {**card, "seed": seed}, progress)
    save_head(out, f"{part}-{'-'.join(sorted(languages))}", head)
    return head.card


def _trained(
    part: Part,
    given: tuple[Sequence[Path], Sequence[Path]],
    model: OnnxModel,
    sheets: Sheets,
    card: Mapping[str, Any],
    progress: Progress,
) -> Head:
    seed = int(card["seed"])
    files, ordinary = given
    if part != "mentions":
        labelled = [read_labelled([file]) for file in files]
        for texts, _ in [read_labelled([file]) for file in ordinary]:
            labelled.append((texts, [NONE] * len(texts)))
        groups = _grouped([len(texts) for texts, _ in labelled])
        texts = [text for some, _ in labelled for text in some]
        labels = [label for _, some in labelled for label in some]
        about = {**card, "texts": len(texts)}
        if part == "moderation":
            plan = JudgementPlan(seed=seed)
            return train_judgement(model, sheets, texts, labels, groups, about, plan, progress)
        lesson = Lesson(texts, labels, groups, about)
        return train_opinion(model, sheets, lesson, OpinionPlan(seed=seed), progress)
    named = [read_named([file]) for file in files]
    groups = _grouped([len(some) for some in named])
    marked = [text for some in named for text in some]
    about = {**card, "texts": len(marked)}
    return train_tagger(model, sheets, marked, groups, about, TaggerPlan(seed=seed), progress)


def _grouped(sizes: Sequence[int]) -> list[int]:
    if sum(sizes) < _TEXTS_MIN:
        raise ValueError(f"{sum(sizes)} texts are too few: give {_TEXTS_MIN} at least, better thousands")
    return held_together(sizes)
