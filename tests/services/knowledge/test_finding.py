"""Searching by meaning once more, by what the first passages share, where no passage stands out."""

from collections.abc import Sequence
from itertools import islice, permutations

import pytest

from mainstay.ports.vectors import Leg, Match, Space
from makers import Client

PUMPS = [" ".join(words) for words in islice(permutations(("pump", "valve", "casing", "brass")), 12)]
RELATED = "brass"
OTHERS = [f"Lemon trees grow slowly in garden {n}." for n in range(12)]
ASKED = "pump valve casing"


async def fill(admin: Client) -> None:
    texts = {f"pump{n}": text for n, text in enumerate(PUMPS)}
    texts |= {"related": RELATED} | {f"other{n}": text for n, text in enumerate(OTHERS)}
    documents = [{"doc_id": name, "text": text} for name, text in texts.items()]
    receipt = await admin.call("knowledge.add_documents", collection="c", documents=documents, wait=True)
    assert receipt.failed == 0


@pytest.fixture
def searched(admin: Client, monkeypatch: pytest.MonkeyPatch) -> list[Leg]:
    """Give the legs that the index was asked for, in their order."""
    seen: list[Leg] = []
    engine = admin.house.engines.vectors
    search = engine.search

    async def watched(space: Space, legs: Sequence[Leg]) -> list[list[Match]]:
        seen.extend(legs)
        return await search(space, legs)

    monkeypatch.setattr(engine, "search", watched)
    return seen


async def found(admin: Client, query: str, **more: object) -> list[str]:
    hits = await admin.call("knowledge.search", query=query, top_k=20, **more)
    return [hit.doc_id for hit in hits]


async def test_what_the_first_passages_share_is_looked_for_too(admin: Client, searched: list[Leg]) -> None:
    await fill(admin)
    ids = await found(admin, ASKED)
    assert len(searched) == 4
    assert all(name.startswith("pump") for name in ids[:12])
    assert ids[12] == "related"


async def test_the_second_search_stays_within_the_filter(admin: Client, searched: list[Leg]) -> None:
    await fill(admin)
    await found(admin, ASKED, filters={"doc_id": [f"pump{n}" for n in range(11)]})
    assert len(searched) == 4
    assert {leg.where for leg in searched} == {searched[0].where}


async def test_where_one_passage_stands_out_there_is_no_second_search(
    admin: Client, searched: list[Leg]
) -> None:
    await fill(admin)
    assert (await found(admin, "lemon trees in garden 7"))[0] == "other7"
    assert len(searched) == 2


@pytest.mark.parametrize("asked", [{"mode": "dense"}, {"mode": "lexical"}])
async def test_one_leg_alone_stays_plain(
    admin: Client, searched: list[Leg], asked: dict[str, object]
) -> None:
    await fill(admin)
    await found(admin, ASKED, **asked)
    assert len(searched) == 1


@pytest.mark.parametrize("weight", [0.0, 1.0])
async def test_a_leg_that_was_weighed_out_brings_no_feedback(
    admin: Client, searched: list[Leg], weight: float
) -> None:
    await fill(admin)
    await found(admin, ASKED, weight=weight)
    assert len(searched) == 2


async def test_the_floor_is_measured_once(admin: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    encoder = admin.house.engines.encoder
    embed = encoder.embed

    async def watched(texts: Sequence[str], **more: object) -> object:
        sizes.append(len(texts))
        return await embed(texts, **more)  # type: ignore[arg-type]

    await fill(admin)
    monkeypatch.setattr(encoder, "embed", watched)
    for query in (ASKED, "valve", "lemon"):
        await found(admin, query)
    assert sum(size > 1 for size in sizes) == 1
