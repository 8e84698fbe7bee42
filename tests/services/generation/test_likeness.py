"""Answers given again to a question in other words: of one asker, never with tools, bounded, for a while."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from chat_upstream import Upstream, chat_upstream
from mainstay.app.house import House
from mainstay.services.generation.likeness import (
    FAMILY_MAX,
    QUESTIONS_MAX,
    Likenesses,
    Question,
)
from mainstay.services.generation.marks import marks_of
from makers import Client, FrozenClock, WordEncoder, client, opened_house, tenant_client
from services.privacy.test_persons import ended

FIRST = "please tell me when does the ferry to the island leave"
LIKE = "please tell me when does the ferry to the island leave today"
SYSTEM = {"role": "system", "content": "Be brief."}
TOOL = {"name": "timetable", "parameters": {"type": "object"}}
WISH = {"mode": "semantic", "similarity": 0.9}


@pytest.fixture
async def server() -> AsyncIterator[Upstream]:
    async with chat_upstream() as upstream:
        yield upstream


@pytest.fixture
async def house(tmp_path: Path, clock: FrozenClock, server: Upstream) -> AsyncIterator[House]:
    rule = {"mode": "semantic", "seconds": 600, "similarity": 0.9}
    generators: Any = {
        "plain": {"url": server.url, "model": "s-1", "input_price": 1},
        "other": {"url": server.url, "model": "s-1"},
        "remembers": {"url": server.url, "model": "s-1", "cache": rule},
    }
    async with opened_house(tmp_path / "data", clock=clock, generators=generators) as opened:
        yield opened


async def ask(who: Client, question: str, **more: Any) -> Any:
    given = {"cache": WISH, "messages": [SYSTEM, {"role": "user", "content": question}], **more}
    return await who.call("generation.complete", **given)


async def test_a_question_in_other_words_is_answered_again_without_a_charge(
    house: House, server: Upstream
) -> None:
    admin = client(house)
    first = await ask(admin, FIRST)
    like = await ask(admin, LIKE)
    same = await ask(admin, FIRST)
    assert (first.cached, like.cached, same.cached) == (False, True, True)
    assert like.text == first.text
    assert 0.9 <= like.similarity < 1 == same.similarity
    assert (like.usage.cost, first.usage.cost > 0) == (0, True)
    assert len(server.asked) == 1
    assert not (await ask(admin, "please tell me who paints the boats of the island")).cached


async def test_all_else_has_to_be_the_same_and_whoever_asks(house: House, server: Upstream) -> None:
    admin = client(house)
    await ask(admin, FIRST)
    user = {"role": "user", "content": LIKE}
    other = await admin.call("identity.create_key", name="other", role="admin")
    for name, asked in {
        "the generator": ask(admin, LIKE, generator="other"),
        "the settings": ask(admin, LIKE, temperature=0.5),
        "the system's message": ask(admin, LIKE, messages=[{"role": "system", "content": "Be long."}, user]),
        "what was said before": ask(admin, LIKE, messages=[SYSTEM, user, SYSTEM, user]),
        "documents": ask(admin, LIKE, documents=[{"text": "At nine."}]),
        "tools": ask(admin, LIKE, tools=[TOOL]),
        "the asker": ask(client(house, other.key), LIKE),
        "the tenant": ask(await tenant_client(house, "another"), LIKE),
        "the mode": ask(admin, f"{LIKE} then", cache={"mode": "exact"}),
        "no wish": ask(admin, f"{LIKE} so", cache=None),
        "a higher likeness": ask(admin, f"{LIKE} ok", cache={"mode": "semantic", "similarity": 1.0}),
        "numbers": ask(admin, f"{LIKE} 17"),
        "a denial": ask(admin, f"{LIKE} not"),
    }.items():
        assert not (await asked).cached, name
    await ask(admin, FIRST, tools=[TOOL])
    assert not (await ask(admin, f"{LIKE} now", tools=[TOOL])).cached, "with tools never"
    assert (await ask(admin, f"{LIKE} ", stop=[])).cached


async def test_kept_answers_end_by_age_by_the_tenants_word_and_with_whoever_asked(
    house: House, clock: FrozenClock
) -> None:
    admin = client(house)
    made = await admin.call("identity.create_key", name="hers", role="user")
    hers = client(house, made.key)
    await ask(hers, FIRST)
    assert (await ask(hers, LIKE)).cached
    await admin.call("generation.set_caching", exact=True, semantic=False)
    assert not (await ask(hers, f"{LIKE} now")).cached
    assert (await ask(hers, FIRST)).cached
    await admin.call("generation.set_caching", exact=False)
    assert not (await ask(hers, FIRST)).cached
    rules = await admin.call("generation.get_caching")
    assert (rules.exact, rules.semantic) == (False, False)
    await admin.call("generation.set_caching", exact=True)
    clock.move(3_601)
    assert not (await ask(hers, LIKE)).cached
    assert (await ask(hers, f"{LIKE} now")).cached
    asked = await admin.call("privacy.erase_person", subject=made.key_id)
    await ended(house, admin, asked.request_id)
    [generation] = [each for each in house._caretakers if hasattr(each, "_answering")]
    keeping: Any = generation
    assert len(keeping._answering._keeping._likes) == 0
    assert (await ask(admin, FIRST, generator="remembers", cache=None)).cached is False
    assert (await ask(admin, LIKE, generator="remembers", cache=None)).cached, "the generator's own rule"
    assert not (await ask(admin, LIKE, generator="remembers", cache={"mode": "off"})).cached


def question(number: int, family: str = "f", tenant: str = "t") -> Question:
    vector = np.zeros(QUESTIONS_MAX + 1, np.float32)
    vector[number] = 1
    return Question(family, tenant, "s", vector, ())


def test_what_is_known_is_bounded_and_the_longest_unused_goes_first(clock: FrozenClock) -> None:
    known, answers = Likenesses(clock), {f"k{number}" for number in range(QUESTIONS_MAX)}
    for number in range(FAMILY_MAX):
        known.keep(question(number), f"k{number}", 60)
    found = known.near(question(0), 0.9, answers)
    assert found is not None
    assert (found.key, found.similarity) == ("k0", 1)
    known.keep(question(FAMILY_MAX), f"k{FAMILY_MAX}", 60)
    assert len(known) == FAMILY_MAX
    assert known.near(question(0), 0.9, answers) is not None
    assert known.near(question(1), 0.9, answers) is None, "it was never used, and went"
    for number in range(QUESTIONS_MAX // 4 + 10):
        known.keep(question(number, f"f{number}", "loud"), f"l{number}", 60)
    assert len(known) == FAMILY_MAX + QUESTIONS_MAX // 4, "nobody pushes out another tenant"
    known.forget("loud")
    assert len(known) == FAMILY_MAX
    clock.move(61)
    assert known.near(question(2), 0.9, answers) is None
    assert len(known) == 0


def test_a_question_whose_answer_has_gone_leaves_its_place_to_the_next_nearest(clock: FrozenClock) -> None:
    known, asked = Likenesses(clock), question(0)
    near = Question("f", "t", "s", np.zeros(QUESTIONS_MAX + 1, np.float32), ())
    near.vector[:2] = 0.96, 0.28
    known.keep(asked, "nearest", 60)
    known.keep(near, "next", 60)
    found = known.near(asked, 0.9, {"next"})
    assert found is not None
    assert (found.key, found.similarity) == ("next", 0.96)
    assert len(known) == 1


def test_marks_are_numbers_and_denials() -> None:
    assert marks_of("Where is order 71?") != marks_of("Where is order 17?")
    assert marks_of("I can't pay 1.50") == marks_of("I cannot pay 1.50")
    for one, other in (
        ("May I pay?", "May I not pay?"),
        ("Why dont I pay?", "Why do I pay?"),
        ("Kann ich das zurückgeben?", "Kann ich das nicht zurückgeben?"),
        ("Puis-je le rendre ?", "Pourquoi je ne peux pas le rendre ?"),
        ("¿Puedo devolverlo?", "¿Puedo devolverlo sin caja?"),
        ("Posso restituirlo?", "Non posso restituirlo?"),
        ("Posso devolver isto?", "Não posso devolver isto?"),
        ("Kan ik dit terugbrengen?", "Kan ik dit niet terugbrengen?"),
        ("Buy two tickets", "Buy three tickets"),
        ("Zwanzig Karten", "Einundzwanzig Karten"),
        ("zweihundertdrei Karten", "zweihundertvier Karten"),
        ("vingt-quatre billets", "quatre-vingts billets"),
        ("ventuno biglietti", "ventidue biglietti"),
        ("veintiuno billetes", "veintidós billetes"),
        ("vinte e dois bilhetes", "vinte e três bilhetes"),
        ("eenentwintig kaartjes", "tweeëntwintig kaartjes"),
    ):
        assert marks_of(one) != marks_of(other), other
    assert marks_of("Wo kann ich eine Karte kaufen?") == marks_of("Kann ich ein Ticket kaufen, und wo?")


async def test_a_question_in_a_language_whose_denials_are_unknown_is_like_no_other(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(WordEncoder, "knows", lambda *_: True)
    for texts, likely in (
        (("Czy mogę to jutro zwrócić w sklepie?", "Czy mogę to zwrócić jutro w sklepie?"), False),
        (("Kann ich das morgen zurückgeben?", "Kann ich morgen das zurückgeben?"), True),
    ):
        assert [(await ask(client(house), text)).cached for text in texts] == [False, likely]
