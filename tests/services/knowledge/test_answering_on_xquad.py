"""On public data, articles it has not learned from: it answers, it refuses, it cites the right place."""

import json
import math
import os
from collections import Counter
from pathlib import Path

import pytest

from mainstay.kit.sentences import sentences
from mainstay.services.knowledge.answering import CANDIDATES_MAX, judge_by_words
from mainstay.services.knowledge.lexical import terms


@pytest.fixture(scope="module")
def articles() -> list[dict[str, list[dict[str, object]]]]:
    path = Path(os.environ.get("MAINSTAY_BENCH_DATA", "")) / "xquad" / "xquad.en.json"
    if not path.is_file():
        reason = "xquad is not here: set MAINSTAY_BENCH_DATA"
        if os.environ.get("MAINSTAY_REQUIRE_SERVICES") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return json.loads(path.read_text("utf-8"))["data"]


def ranked(question: str, texts: list[str], bags: list[set[str]]) -> list[int]:
    seen = Counter(term for bag in bags for term in bag)
    asked = set(terms(question, "en"))
    scores = [sum(math.log(1 + len(bags) / seen[term]) for term in asked & bag) for bag in bags]
    return sorted(range(len(texts)), key=lambda number: -scores[number])[:CANDIDATES_MAX]


def test_by_words_alone_it_answers_refuses_and_cites(articles: list) -> None:
    paragraphs = [(number, part) for number, article in enumerate(articles) for part in article["paragraphs"]]
    kept = [(number, part) for at, (number, part) in enumerate(paragraphs) if at % 4]
    texts = [part["context"] for _, part in kept]
    bags = [set(terms(text, "en")) for text in texts]
    answered = {True: [], False: []}
    cited = []
    for at, (number, part) in enumerate(paragraphs):
        if number % 2 == 0:  # learned from
            continue
        for asked in part["qas"][:3]:
            order = ranked(asked["question"], texts, bags)
            judged = judge_by_words(asked["question"], [texts[row] for row in order])
            answered[at % 4 > 0].append(judged.answered)
            if judged.answered and at % 4:
                start = asked["answers"][0]["answer_start"]
                gold = next(span for span in sentences(part["context"]) if span[0] <= start < span[1])
                cited.append(
                    any(
                        texts[order[one.passage]] == part["context"]
                        and one.start < gold[1]
                        and one.end > gold[0]
                        for one in judged.chosen
                    )
                )
    assert len(answered[True]) > 150
    assert len(answered[False]) > 40
    assert sum(answered[True]) / len(answered[True]) >= 0.78
    assert sum(answered[False]) / len(answered[False]) <= 0.25
    assert sum(cited) / len(cited) >= 0.8
