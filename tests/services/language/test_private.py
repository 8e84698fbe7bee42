"""Personal data through the front door: found, masked, turned into tokens and back."""

import pytest

from mainstay.app.house import House
from mainstay.kernel.guard import PermissionMissing
from mainstay.services.language.failures import FindingsTooMany, TextUnclear
from makers import Client, client, tenant_client

pytestmark = pytest.mark.asyncio(loop_scope="module")
_TEXT = "Ada (ada@example.com) and again ada@example.com, card 4111 1111 1111 1111. 🛳️"


async def test_it_is_found_with_its_place(asker: Client) -> None:
    answer = await asker.call("language.find_personal_data", text=_TEXT)
    assert [(each.kind, _TEXT[each.start : each.end]) for each in answer.found] == [
        ("person", "Ada"),
        ("email", "ada@example.com"),
        ("email", "ada@example.com"),
        ("card", "4111 1111 1111 1111"),
    ]
    assert answer.text is None


async def test_it_is_masked_in_each_text(asker: Client) -> None:
    answer = await asker.call("language.find_personal_data", texts=[_TEXT, "Nothing."], action="mask")
    assert [each.text for each in answer.results] == [
        "[PERSON] ([EMAIL]) and again [EMAIL], card [CARD]. 🛳️",
        "Nothing.",
    ]


async def test_tokens_are_turned_back_by_their_tenant_alone(house: House, asker: Client) -> None:
    hidden = (await asker.call("language.find_personal_data", text=_TEXT, action="tokenize")).text
    assert "ada@example.com" not in hidden
    assert "4111" not in hidden
    first, again = hidden.split("[pii:email:")[1:3]
    assert first.partition("]")[0] == again.partition("]")[0]
    back = await asker.call("language.restore_personal_data", text=f"He said: {hidden}")
    assert (back.text, back.restored, back.unknown) == (f"He said: {_TEXT}", 4, 0)
    other = await tenant_client(house, "Other")
    kept = await other.call("language.restore_personal_data", text=hidden)
    assert (kept.text, kept.restored, kept.unknown) == (hidden, 0, 4)


async def test_a_changed_token_stays(asker: Client) -> None:
    hidden = (await asker.call("language.find_personal_data", text="ada@example.com", action="tokenize")).text
    for changed in (
        hidden.replace("email", "card"),
        hidden[:-3] + "AA]",
        "[pii:email:AgAB]",
        "[pii:email:A]",
    ):
        back = await asker.call("language.restore_personal_data", text=changed)
        assert (back.text, back.restored, back.unknown) == (changed, 0, 1)


async def test_tokens_outlive_a_change_of_keys(house: House, asker: Client) -> None:
    hidden = (await asker.call("language.find_personal_data", text="ada@example.com", action="tokenize")).text
    tenant = (await asker.call("identity.whoami")).tenant_id
    house.engines.keys.rotate(tenant)
    assert (await asker.call("language.restore_personal_data", text=hidden)).text == "ada@example.com"


async def test_who_may_use_texts_may_not_restore(house: House, asker: Client) -> None:
    key = await asker.call("identity.create_key", name="user", role="user")
    user = client(house, key.key)
    assert (await user.call("language.find_personal_data", text=_TEXT)).found
    with pytest.raises(PermissionMissing):
        await user.call("language.restore_personal_data", text=_TEXT)


async def test_either_one_text_or_several_are_given(asker: Client) -> None:
    for values in ({}, {"text": "a", "texts": ["b"]}, {"texts": ["x" * 999_999] * 3}):
        with pytest.raises(TextUnclear):
            await asker.call("language.find_personal_data", **values)


async def test_names_of_persons_are_found_beside_what_rules_find(asker: Client) -> None:
    text = "Please call Maria Oliveira at the Frankfurt office, maria.oliveira@example.com."
    answer = await asker.call("language.find_personal_data", text=text, action="mask")
    assert answer.text == "Please call [PERSON] at the Frankfurt office, [EMAIL]."
    [name, mail] = answer.found
    assert (name.kind, name.text, name.rule, mail.kind) == (
        "person",
        "Maria Oliveira",
        "name:reader",
        "email",
    )
    assert 0.5 < name.confidence < 1
    surer = await asker.call("language.find_personal_data", text=text, names_score_min=1.0)
    without = await asker.call("language.find_personal_data", text=text, kinds=["email"])
    assert [each.kind for each in surer.found] == [each.kind for each in without.found] == ["email"]
    alone = await asker.call("language.find_personal_data", text=text, kinds=["person"])
    assert [each.kind for each in alone.found] == ["person"]


async def test_names_become_tokens_and_come_back(asker: Client) -> None:
    text = "Maria Oliveira wrote to Peter Novak. Then Peter Novak answered Maria Oliveira."
    hidden = (await asker.call("language.find_personal_data", text=text, action="tokenize")).text
    assert "Maria" not in hidden
    assert "Novak" not in hidden
    assert len(set(hidden.split("[pii:person:"))) == 5
    back = await asker.call("language.restore_personal_data", text=hidden)
    assert (back.text, back.restored, back.unknown) == (text, 4, 0)


async def test_names_in_other_languages_are_said_to_be_unknown(asker: Client) -> None:
    text = "Gestern hat Maria Oliveira aus Frankfurt uns geschrieben: maria@example.com"
    answer = await asker.call("language.find_personal_data", text=text)
    assert ([each.kind for each in answer.found], answer.unsupported) == (["email"], ["person"])
    rules = await asker.call("language.find_personal_data", text=text, kinds=["email"])
    assert rules.unsupported == []


async def test_whoever_writes_in_is_hidden(asker: Client) -> None:
    texts = [
        "My name is Anna Schmidt and my card 4111 1111 1111 1111 was stolen.",
        "hi, jane doe here, write to jane@example.com",
        "I am Sorry, this is Urgent.",
        "Where is my order?\n\nRegards,\nPriya Nair",
    ]
    answer = await asker.call("language.find_personal_data", texts=texts, action="mask")
    assert [each.text for each in answer.results] == [
        "My name is [PERSON] and my card [CARD] was stolen.",
        "hi, [PERSON] here, write to [EMAIL]",
        "I am Sorry, this is Urgent.",
        "Where is my order?\n\nRegards,\n[PERSON]",
    ]


async def test_a_long_table_is_masked_as_well_as_its_rows(asker: Client) -> None:
    first = ["Anna", "Peter", "Maria", "James", "Priya", "Emma", "Lukas", "Sofia", "Omar", "Ingrid"]
    last = ["Schmidt", "Novak", "Oliveira", "Hansen", "Nair", "Johnson", "Keller", "Rossi", "Haddad"]
    names = [f"{first[n % 10]} {last[n % 9]}" for n in range(120)]
    rows = [
        f"{1_080_008 + 7_919 * n},{name},2024-{n % 12 + 1:02}-{n % 28 + 1:02},{2_654_435_761 * n:012x},9.95\n"
        for n, name in enumerate(names)
    ]
    more = {"action": "mask", "language": "en"}
    whole = await asker.call("language.find_personal_data", text="".join(rows), **more)
    alone = await asker.call("language.find_personal_data", texts=rows, **more)
    left = sum(name in row for name, row in zip(names, whole.text.splitlines(), strict=True))
    left_by_row = sum(name in each.text for name, each in zip(names, alone.results, strict=True))
    assert left <= left_by_row + 5  # what stands around a name makes it a little surer or less


async def test_more_than_an_answer_tells_of_is_refused(asker: Client) -> None:
    dense = "a@b.cd " * 25_001
    with pytest.raises(FindingsTooMany, match="in several requests"):
        await asker.call("language.find_personal_data", texts=[dense, dense], kinds=["email"])
    answer = await asker.call("language.find_personal_data", text=dense, kinds=["email"])
    assert len(answer.found) == 25_001
