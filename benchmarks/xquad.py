"""XQuAD as paragraphs, and questions with the sentences that hold their answers."""

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from mainstay.kit.sentences import sentences


@dataclass(frozen=True)
class Paragraph:
    """A document of the collection, and the number of the article it is from."""

    article: int
    text: str


@dataclass(frozen=True)
class Question:
    """A question, its paragraph's number, and where the sentences with the answer stand in it."""

    text: str
    paragraph: int
    article: int
    start: int
    end: int


def read_xquad(language: str = "en") -> tuple[list[Paragraph], list[Question]]:
    """Read XQuAD (CC BY-SA 4.0) from the folder of public data."""
    folder = os.environ.get("MAINSTAY_BENCH_DATA", "")
    path = Path(folder) / "xquad" / f"xquad.{language}.json"
    if not folder or not path.is_file():
        sys.exit("Set MAINSTAY_BENCH_DATA to the folder that holds xquad/.")
    paragraphs: list[Paragraph] = []
    questions: list[Question] = []
    for article, entry in enumerate(json.loads(path.read_text("utf-8"))["data"]):
        for part in entry["paragraphs"]:
            text = part["context"]
            spans = sentences(text)
            for asked in part["qas"]:
                start = asked["answers"][0]["answer_start"]
                end = start + len(asked["answers"][0]["text"])
                inside = [span for span in spans if span[0] < end and span[1] > start]
                questions.append(
                    Question(asked["question"], len(paragraphs), article, inside[0][0], inside[-1][1])
                )
            paragraphs.append(Paragraph(article, text))
    return paragraphs, questions
