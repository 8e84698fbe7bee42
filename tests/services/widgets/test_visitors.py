"""Visitors: they talk with one bot, in conversations of their own, and nothing else is open to them."""

import pytest

from mainstay.kernel.dispatch import RequestInvalid
from mainstay.kernel.guard import STRANGER, CredentialsUnknown, PermissionMissing, TenantSuspended
from mainstay.ports.database import SYSTEM
from mainstay.services.assistant.failures import (
    BotMissing,
    BotShowsDocuments,
    ConversationMissing,
    TurnMissing,
)
from mainstay.services.widgets.failures import WidgetMissing
from mainstay.services.widgets.visits import ALLOWED
from makers import client
from services.assistant.conftest import somebody
from services.assistant.making import INTENTS
from services.privacy.test_persons import calm, ended
from services.widgets.conftest import Stall, Visitor

pytestmark = pytest.mark.asyncio(loop_scope="module")

RETURNS = "how do returns work"
CARDS = "what do gift cards cost"


async def test_a_visitor_is_answered_from_what_everybody_may_read(stall: Stall) -> None:
    visitor = await stall.visitor()
    place, said = await visitor.say(CARDS)
    assert "25 or 50 euros" in said.reply
    assert [(note.number, note.text in said.reply) for note in said.notes][:1] == [(1, True)]
    _, hidden = await visitor.say("what is the code of the safe today", place)
    assert "4711" not in hidden.reply
    assert hidden.notes == [] or "safe" not in hidden.notes[0].text


async def test_nothing_else_is_open_to_a_visitor(stall: Stall) -> None:
    """All operations of the house but five are refused unread."""
    visitor = await stall.visitor()
    every = [each for each in stall.house.application.operations if each.may != STRANGER]
    admitted = set()
    for operation in every:
        stall.clock.move(1)  # or the limit of requests a minute refuses them
        try:
            await visitor.client.answer(operation.full_name, nonsense=1)
        except RequestInvalid:
            admitted.add(operation.full_name)
        except PermissionMissing:
            continue
    assert admitted == ALLOWED
    assert len(every) > 100


async def test_visitors_hear_nothing_of_each_other_nor_by_another_widget(stall: Stall) -> None:
    one, other = await stall.visitor(), await stall.visitor()
    place, said = await one.say(RETURNS)
    elsewhere = Visitor(one.client, (await stall.place()).widget_id, one.visitor_id)
    for failure, who in ((ConversationMissing, other), (WidgetMissing, elsewhere)):
        with pytest.raises(failure):
            await who.heard(place)
        with pytest.raises(failure):
            await who.say(RETURNS, place)
        for asked in ("ask_for_person", "end"):
            with pytest.raises(failure):
                await who.call(asked, conversation_id=place)
    with pytest.raises(TurnMissing):
        await other.call("rate", turn_id=said.turn_id, helpful=False)
    assert [each.turn for each in await one.heard(place)] == [said]


async def test_tools_are_refused_as_for_anyone_without_the_permission(stall: Stall) -> None:
    visitor = await stall.visitor()
    for text in ("which jobs run", "list all documents", "what is in the vault"):
        _, said = await visitor.say(text)
        assert said.reply.startswith("That did not work."), text
        assert "documents." not in said.reply
        assert "310000" not in said.reply, "what is lent for the bot's collections opens no others"


async def test_nobody_has_a_bot_show_strangers_what_he_may_not_read(stall: Stall) -> None:
    admin, question = stall.admin, "What is the salary of the director?"
    may = ["assistants:write", "assistants:read"]
    await admin.call("identity.create_role", name="maker", permissions=may)
    maker = await somebody(admin, "maker")
    made = {"name": "Pay", "intents": INTENTS[:2]}
    with pytest.raises(BotShowsDocuments):
        await maker.call("assistant.create_bot", **made, collections=["hr"])
    bot_id = (await maker.call("assistant.create_bot", **made)).bot_id
    widget = await stall.place(bot_id)
    with pytest.raises(BotShowsDocuments):
        await maker.call("assistant.update_bot", bot_id=bot_id, collections=["hr"])
    assert "310000" not in (await (await stall.visitor(widget)).say(question))[1].reply
    await admin.call("assistant.update_bot", bot_id=bot_id, collections=["shop", "hr"])
    kept = {"collections": ["hr"], "persona": "I know what is paid."}
    assert (await maker.call("assistant.update_bot", bot_id=bot_id, **kept)).collections == ["hr"]
    with pytest.raises(BotShowsDocuments):
        await maker.call("assistant.update_bot", bot_id=bot_id, collections=["hr", "shop"])
    assert "310000" in (await (await stall.visitor(widget)).say(question))[1].reply


async def test_a_token_lasts_an_hour_is_renewed_for_a_day_and_ends(stall: Stall) -> None:
    visitor = await stall.visitor()
    place, said = await visitor.say(RETURNS)
    stall.clock.move(3599)
    assert await visitor.heard(place)
    stall.clock.move(2)
    with pytest.raises(CredentialsUnknown):
        await visitor.heard(place)
    again = await stall.visitor(token=visitor.client.key)
    assert again.visitor_id == visitor.visitor_id
    assert [each.turn for each in await again.heard(place)] == [said]
    assert (await stall.visitor(await stall.place(), again.client.key)).visitor_id != visitor.visitor_id
    stall.clock.move(24 * 3600)
    assert (await stall.visitor(token=again.client.key)).visitor_id != visitor.visitor_id
    database, stored = stall.house.engines.database, "SELECT hash FROM visits"
    kept = await database.fetch(SYSTEM, stored)
    [service] = [each for each in stall.house._caretakers if hasattr(each, "_visits")]
    await stall.house._go_round(service)
    left = await database.fetch(SYSTEM, stored)
    assert 0 < len(left) < len(kept), "those that are over are forgotten"


async def test_widgets_bots_and_tenants_take_their_visitors_along(stall: Stall) -> None:
    kept = {key: vars(stall.widget)[key] for key in ("bot_id",)}
    bot = await stall.admin.call(
        "assistant.create_bot", name="Gone", intents=[{"name": "a", "examples": ["b"]}]
    )
    widget, other = await stall.place(), await stall.place(bot.bot_id)
    visitor, of_bot = await stall.visitor(widget), await stall.visitor(other)
    place, _ = await visitor.say(RETURNS)
    news = (
        await visitor.client.answer("widgets.follow", widget_id=widget.widget_id, conversation_id=place)
    ).value
    await anext(news)
    deleted = await stall.admin.call("widgets.delete_widget", widget_id=widget.widget_id)
    assert deleted.visitors == 1
    with pytest.raises(CredentialsUnknown):
        await visitor.heard(place)
    stall.clock.move(30)
    with pytest.raises(CredentialsUnknown):
        await anext(news)
    with pytest.raises(WidgetMissing):
        await stall.visitor(widget)
    await stall.admin.call("assistant.delete_bot", bot_id=bot.bot_id)
    with pytest.raises((BotMissing, CredentialsUnknown)):
        await of_bot.say(RETURNS)
    await calm(stall.house, stall.admin)
    with pytest.raises(CredentialsUnknown):
        await of_bot.say(RETURNS)
    assert await stall.admin.call("widgets.list_widgets", **kept)


async def test_a_suspended_tenant_has_no_visitors(stall: Stall) -> None:
    tenant = await stall.admin.call("identity.create_tenant", name="Elsewhere")
    made = await stall.admin.call(
        "identity.create_tenant_key", tenant_id=tenant.tenant_id, name="admin", role="admin"
    )
    theirs = client(stall.house, made.key)
    bot = await theirs.call("assistant.create_bot", name="B", intents=[{"name": "a", "examples": ["hello"]}])
    asked = {"bot_id": bot.bot_id, "name": "W", "origins": ["https://b.example.com"]}
    widget = await theirs.call("widgets.create_widget", **asked)
    visitor = await stall.visitor(widget)
    await visitor.say("hello")
    await stall.admin.call("identity.update_tenant", tenant_id=tenant.tenant_id, suspended=True)
    with pytest.raises(TenantSuspended):
        await visitor.say("hello")
    with pytest.raises(TenantSuspended):
        await stall.visitor(widget)


async def test_what_broke_off_is_said_once_and_answered(stall: Stall) -> None:
    visitor = await stall.visitor()
    broken = await visitor.pieces(CARDS, turn_key="said-1")
    first = await anext(broken)
    await broken.aclose()
    [news] = await visitor.heard(first.conversation_id)
    assert (news.turn.answered, news.turn.reply) == (False, "")
    place, said = await visitor.say(CARDS, turn_key="said-1")
    assert (place, said.turn_id) == (first.conversation_id, first.turn_id)
    assert said.answered
    assert "25 or 50 euros" in said.reply
    assert await visitor.say(CARDS, place, turn_key="said-1") == (place, said)
    assert [each.turn for each in await visitor.heard(place)] == [said]
    _, second = await visitor.say(CARDS, place, turn_key="said-2")
    assert second.number == 2


async def test_a_person_is_called_answers_by_name_and_the_visitor_ends_it(stall: Stall) -> None:
    visitor = await stall.visitor()
    place, said = await visitor.say(RETURNS)
    assert (await visitor.call("ask_for_person", conversation_id=place)).state == "waiting"
    queue = await stall.admin.call("assistant.list_conversations", state="waiting")
    assert [each.subject for each in queue.conversations if each.conversation_id == place] == [
        visitor.visitor_id
    ]
    where = {"conversation_id": place}
    await stall.admin.call("assistant.claim_conversation", **where)
    await stall.admin.call("assistant.reply_to_conversation", **where, text="Ada here.")
    told = await visitor.heard(place, after=said.turn_id)
    assert [(each.state, each.turn.by, each.turn.reply) for each in told] == [
        ("claimed", "person", "Ada here.")
    ]
    await visitor.call("rate", turn_id=said.turn_id, helpful=False, comment="I had to ask.")
    page = await stall.admin.call("assistant.list_feedback", bot_id=stall.widget.bot_id, state="rated")
    assert "I had to ask." in [each.comment for each in page.feedback]
    assert (await visitor.call("end", conversation_id=place)).state == "closed"


async def test_what_a_visitor_said_is_exported_and_erased(stall: Stall) -> None:
    visitor = await stall.visitor()
    place, _ = await visitor.say("my name is Adelaide-Marker")
    asked = await stall.admin.call("privacy.export_person", subject=visitor.visitor_id)
    await ended(stall.house, stall.admin, asked.request_id)
    found = await stall.admin.call("privacy.read_export", request_id=asked.request_id)
    assert "Adelaide-Marker" in str(found)
    asked = await stall.admin.call("privacy.erase_person", subject=visitor.visitor_id)
    await ended(stall.house, stall.admin, asked.request_id)
    with pytest.raises(ConversationMissing):
        await stall.admin.call("assistant.get_conversation", conversation_id=place)
    with pytest.raises(CredentialsUnknown):
        await visitor.heard(place)
