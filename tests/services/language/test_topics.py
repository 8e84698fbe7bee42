"""What many texts are about."""

import asyncio
import threading
from collections.abc import Sequence

import numpy as np
import pytest

from mainstay.ports.languages import Guess
from mainstay.services.language.failures import TextUnclear
from mainstay.services.language.groups import beginnings, grouped, stray
from mainstay.services.language.topics import Topics, terms_of, together
from makers import Client, WordEncoder

PARCELS = [
    "parcel late delivery",
    "lost parcel delivery",
    "parcel delivery tomorrow",
    "parcel delivery damaged",
]
CHARGES = ["card charge twice", "refund card charge", "unknown card charge"]
PASSWORDS = ["forgotten password reset", "password reset link", "password reset mail"]
"""Few words, much shared: the encoder of tests knows words alone."""


async def test_texts_are_parted_by_what_they_are_about(asker: Client) -> None:
    mixed = [CHARGES[0], *PARCELS[:2], *PASSWORDS[:2], *CHARGES[1:], *PARCELS[2:], PASSWORDS[2]]
    found = await asker.call("language.find_topics", texts=mixed, count=3)
    assert [{mixed[place] for place in topic.texts} for topic in found.topics] == [
        set(PARCELS),
        set(CHARGES),
        set(PASSWORDS),
    ]
    assert found.outliers == []
    for topic, word in zip(found.topics, ("parcel", "charge", "password"), strict=True):
        assert word in topic.label.lower()
        assert topic.terms[0].score == 1
        assert set(topic.typical) <= set(topic.texts)
    assert await asker.call("language.find_topics", texts=mixed, count=3) == found


async def test_alike_nothing_and_too_much(asker: Client) -> None:
    found = await asker.call("language.find_topics", texts=["Same."] * 5)
    assert [topic.texts for topic in found.topics] == [[0, 1, 2, 3, 4]]
    found = await asker.call("language.find_topics", texts=["?!", "\u200b", "🛳️"], count=2)
    assert sorted([*found.outliers, *(place for topic in found.topics for place in topic.texts)]) == [0, 1, 2]
    with pytest.raises(TextUnclear):
        await asker.call("language.find_topics", texts=["x" * 700_000] * 3)


@pytest.mark.parametrize("count", [2, 3, 50])
async def test_a_count_is_kept_as_far_as_texts_differ(asker: Client, count: int) -> None:
    texts = ["refund late", "where is refund", "refund please"]
    found = await asker.call("language.find_topics", texts=texts, count=count)
    assert len(found.topics) == min(count, 3)
    assert sorted(place for topic in found.topics for place in topic.texts) == [0, 1, 2]


@pytest.mark.parametrize(
    ("texts", "label"),
    [
        (["same"] * 4, "same"),
        (["1 \n 2"] * 3, "1 2"),
        (["🦄"] * 3, "🦄"),
        (["\u200b", "\u200b", "🦄"], "🦄"),
        (["?" * 4_000] * 3, "?" * 59 + "…"),
        (["\u200b"] * 3, ""),
    ],
)
async def test_a_topic_without_terms_is_called_by_a_text(asker: Client, texts: list[str], label: str) -> None:
    found = await asker.call("language.find_topics", texts=texts)
    assert [topic.label for topic in found.topics] == [label]


def test_the_number_of_groups_is_found_and_what_belongs_nowhere_is_told() -> None:
    chance = np.random.default_rng(7)
    middles = np.linalg.qr(chance.normal(size=(64, 6)))[0].T
    rows = np.repeat(middles, [40, 30, 25, 20, 15, 10], axis=0) + chance.normal(size=(140, 64)) * 0.05
    vectors = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    groups = grouped(vectors, None)
    assert np.bincount(groups).tolist() == [40, 30, 25, 20, 15, 10]
    assert not stray(vectors, groups).any()
    lost = np.append(vectors, -vectors[:1], axis=0)
    assert stray(lost, np.append(groups, 0))[-1]


@pytest.mark.parametrize("spread", [0.02, 0.05, 1.0])
def test_groups_begin_where_counting_everything_anew_would_have_them_begin(spread: float) -> None:
    chance = np.random.default_rng(11)
    rows = np.repeat(chance.normal(size=(12, 64)), 15, axis=0) + chance.normal(size=(180, 64)) * spread
    vectors = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    away, left = 1 - vectors @ vectors.T, np.ones(len(vectors), np.float32)
    begun = beginnings(vectors, 40)
    assert len(begun) == 40
    for found in begun:
        gains = np.maximum(left[:, None] - away, 0).sum(axis=0)
        place = int((vectors @ found).argmax())
        assert gains[place] == pytest.approx(gains.max(), rel=1e-5)
        left = np.minimum(left, away[place])


class Held:
    """Detects languages once it may; says when so many threads are at it."""

    def __init__(self) -> None:
        self.at_it, self.most, self.two = 0, 0, threading.Event()
        self.may, self.lock = threading.Event(), threading.Lock()

    def detect(self, text: str) -> str:
        return "en"

    def detect_many(self, texts: Sequence[str], count: int) -> list[list[Guess]]:
        with self.lock:
            self.at_it += 1
            self.most = max(self.most, self.at_it)
        if self.at_it == 2:
            self.two.set()
        assert self.may.wait(30)
        with self.lock:
            self.at_it -= 1
        return [[Guess("en", 1.0)] for _ in texts]


async def test_requests_for_topics_leave_threads_to_all_others() -> None:
    languages = Held()
    topics = Topics(WordEncoder(), languages)
    finding = [asyncio.create_task(topics.find(CHARGES, 1)) for _ in range(4)]
    assert await asyncio.to_thread(languages.two.wait, 30)
    languages.may.set()
    assert [len(each.topics) for each in await asyncio.gather(*finding)] == [1] * 4
    assert languages.most == 2


def test_terms_are_those_that_set_a_topic_apart() -> None:
    parcels = together([{"parcel": 1, "late": 1, "shop": 1}, {"parcel": 2, "shop": 1, "late parcel": 1}])
    assert parcels == {"parcel": 2, "late": 1, "shop": 2, "late parcel": 1}
    charges = together([{"charge": 1, "shop": 1}, {"charge": 1, "shop": 1}])
    terms = terms_of(parcels, [parcels, charges])
    assert terms[0] == ("parcel", 1.0)
    assert [key for key, _ in terms] == ["parcel", "shop"]
    assert dict(terms)["shop"] < dict(terms)["parcel"]
    once = together([{"late parcel": 1, "late": 1, "shop": 1}])
    assert [key for key, _ in terms_of(once, [once, charges])] == ["late parcel", "shop"]
