"""The desk in a real browser: what waits comes by itself, is claimed, answered, corrected and closed."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

import pytest

from makers import ADMIN_KEY
from transports.assistant_samples import INTENTS
from transports.chromium import chromium
from transports.real_house import running
from transports.test_pages_for_everybody import AXE, FINDINGS, PHONE, RULES, WIDE
from transports.worlds import PHRASE, World, furnished

expect = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed").expect
ADA, BEN = "ada.answers@example.com", "ben.asks@example.com"
MAY = ["conversations:answer", "conversations:read", "conversations:all", "assistants:use"]
CODE = "<img src=x onerror='document.title=`taken`'> & <b>zebra quark</b>"


@dataclass
class Desk:
    """A house with a bot that calls a person for what it does not know, and somebody who asks it."""

    world: World
    browser: Any
    bot_id: str
    asker: str
    sockets: list[Any] = field(default_factory=list)

    @property
    def url(self) -> str:
        return self.world.running.house.address.url

    def asks(self, text: str, conversation_id: str | None = None, *, bot_id: str = "") -> Any:
        """Let a visitor say something."""
        given = {"bot_id": bot_id or self.bot_id, "text": text, "conversation_id": conversation_id}
        return self.world.running.call("assistant.take_turn", as_key=self.asker, **given)

    def told(self, conversation_id: str) -> Any:
        return self.world.call("assistant.get_conversation", conversation_id=conversation_id)

    def page(self, email: str, **more: Any) -> Any:
        """Open the desk as somebody who has to sign in first."""
        page = self.browser.new_context(viewport=WIDE, **more).new_page()
        page.set_default_timeout(10_000)
        page.route_web_socket(
            "**/v1/socket", lambda each: self.sockets.append((each, each.connect_to_server()))
        )
        page.goto(f"{self.url}/desk")
        assert "/account/sign-in" in page.url
        page.get_by_label("E-mail address").fill(email)
        page.get_by_label("Password").fill(PHRASE)
        page.get_by_role("button", name="Sign in", exact=True).click()
        page.wait_for_url("**/desk")
        return page


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    if not AXE.exists():
        pytest.skip("axe-core is not installed (tests/peers)")
    with chromium() as browser, running(tmp_path_factory.mktemp("desk") / "data") as opened:
        world = furnished(opened, ADMIN_KEY, opened.call("identity.whoami")["tenant_id"])
        world.call("identity.create_role", name="agents", permissions=MAY)
        for email, name, role in ((ADA, "Ada", "agents"), (BEN, "Ben", "user")):
            world.call("people.create_user", email=email, name=name, role=role)
            world.call("people.accept_invitation", code=world.mailed(email), password=PHRASE)
        text = "The ferry leaves at nine every morning. Tickets are sold at the counter."
        given = {"collection": "quays", "title": "Times <i>2026</i>", "text": text}
        world.call("knowledge.add_document", wait=True, **given)
        more = {"collections": ["quays"], "fallback": {"ladder": ["escalate"]}}
        bot = world.call("assistant.create_bot", name="Harbour", intents=INTENTS, **more)
        asker = world.call("identity.create_key", name="visitor", role="user")["key"]
        yield Desk(world, browser, bot["bot_id"], asker)


def looked_at(page: Any) -> list[object]:
    """Give what is wrong with a page as it stands, in both schemes and at both widths."""
    found: list[object] = []
    for size in (WIDE, PHONE):
        page.set_viewport_size(size)
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            page.evaluate(AXE.read_text())
            found += [(size["width"], scheme, *each) for each in page.evaluate(FINDINGS, RULES)]
        if not page.evaluate("document.documentElement.scrollWidth <= innerWidth"):
            found.append((size["width"], "wider than the screen"))
    page.set_viewport_size(WIDE)
    return found


def follows(page_side: Any, server_side: Any, page: Any) -> str:
    """Open the conversation anew; give the id of the request that follows it."""
    asked: list[Any] = []
    page_side.on_message(lambda each: (asked.append(json.loads(each)), server_side.send(each)))
    entries(page).first.click()
    while not (found := [each for each in asked if "follow_conversation" in each.get("operation", "")]):
        page.wait_for_timeout(20)
    known: str = found[-1]["id"]
    return known


def entries(page: Any) -> Any:
    return page.locator(".entry")


def says_why(row: Any) -> None:
    """Make sure that a row tells why somebody waits, and not whose bot it was: there is no other."""
    expect(row.locator(".facts")).to_contain_text("the bot gave up")
    expect(row).not_to_contain_text("Harbour")


def goes_on(desk: Desk, page: Any, conversation_id: str) -> None:
    """Say something to the person who answers now: of that, nothing is to be taught."""
    desk.asks("And back?", conversation_id)
    said = page.locator(".said", has_text="And back?")
    said.wait_for()
    assert said.locator("details").count() == 0


def test_what_only_answers_the_bot_is_nothing_to_correct(desk: Desk) -> None:
    slots = [{"name": "order", "entity": "identifier", "prompt": "Which?"}]
    examples = ["Where is my order?", "Track my order", "Has my parcel been sent?"]
    order = {"name": "order", "examples": examples, "slots": slots, "replies": ["{order} is on its way."]}
    other = {"name": "ferry", "examples": ["When does the ferry leave?", "Ferry times", "The next ferry"]}
    bot = desk.world.call("assistant.create_bot", name="Parcels", intents=[order, other])["bot_id"]
    place = desk.asks("Where is my order?", bot_id=bot)["conversation_id"]
    assert desk.asks("TW-204817", place, bot_id=bot)["reply"] == "TW-204817 is on its way."
    desk.asks("I want to talk to a person", place, bot_id=bot)
    page = desk.page(ADA)
    entries(page).filter(has_text="person").click()
    given, asked = (page.locator(".said", has_text=text) for text in ("TW-204817", "Where is my order?"))
    asked.wait_for()
    assert asked.locator("details").count() == 1
    assert given.locator("details, .chip").count() == 0
    page.get_by_role("button", name="Claim").click()
    page.get_by_role("button", name="Close").click()
    entries(page).wait_for(state="detached")
    page.context.close()


def test_who_may_not_answer_is_told_so(desk: Desk) -> None:
    page = desk.page(BEN)
    assert page.get_by_text("conversations:answer").is_visible()
    assert page.get_by_role("heading", name="You may not answer here").is_visible()
    told = files("mainstay.handbook").joinpath("socket.md").read_text(encoding="utf-8")
    example = told.split("```javascript\n")[1].split("```")[0].replace("console.log", "window.heard")
    page.goto(f"{desk.url}/docs")  # a page of this server whose policy lets it connect
    page.evaluate(
        f"new Promise(heard => {{ window.heard = (_, told) => heard(window.told = told); {example} }})"
    )
    assert page.evaluate("window.told.roles") == ["user"]
    page.goto(f"{desk.url}/account/sessions")
    assert page.get_by_role("link", name="Desk", exact=True).count() == 0
    page.context.close()


def test_a_conversation_is_answered_with_the_keyboard_alone(desk: Desk) -> None:
    page = desk.page(ADA)
    page.get_by_text("Nobody waits.").wait_for()
    asked = desk.asks(CODE)
    entries(page).wait_for()
    says_why(entries(page))
    expect(page).to_have_title("(1) Desk – Mainstay")
    page.keyboard.press("Tab")  # the account, then the queue
    while not page.evaluate("document.activeElement.classList.contains('entry')"):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_text("Waits for a person.").wait_for()
    assert page.locator("#turns .said .text").inner_text() == CODE
    while page.evaluate("document.activeElement.id") != "claim":
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_text("You answer.").wait_for()
    expect(page.get_by_label("Your reply")).to_be_focused()
    page.keyboard.type("At nine, from the <b>north</b> quay.")
    page.keyboard.press("Control+Enter")
    mine = page.locator(".reply.person", has_text="<b>north</b>")
    expect(mine.locator(".by")).to_contain_text("You")
    place = asked["conversation_id"]
    assert desk.told(place)["history"][-1]["reply"] == "At nine, from the <b>north</b> quay."
    expect(page).to_have_title("Desk – Mainstay")
    goes_on(desk, page, place)
    expect(page).to_have_title("(1) Desk – Mainstay")
    page.keyboard.press("Shift+Tab")
    while page.evaluate("document.activeElement.tagName") != "SUMMARY":
        page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type("ferry")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_text("You named: ferry").wait_for()
    feedback = desk.world.call("assistant.list_feedback", bot_id=desk.bot_id)["feedback"]
    assert [(each["intent"], each["text"]) for each in feedback] == [("ferry", CODE)]
    assert looked_at(page) == []
    while page.evaluate("document.activeElement.id") != "close":
        page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    page.locator("#state", has_text="Closed.").wait_for()
    entries(page).wait_for(state="detached")
    assert desk.told(place)["state"] == "closed"
    page.keyboard.press("Escape")
    page.get_by_text("Nobody waits.").wait_for()
    assert looked_at(page) == []
    page.goto(f"{desk.url}/account/sessions")
    assert page.get_by_role("link", name="Desk", exact=True).is_visible()
    page.context.close()


def test_a_lost_connection_loses_nothing(desk: Desk) -> None:
    page = desk.page(ADA)
    asked = desk.asks("zebra quark first")
    entries(page).click()
    page.get_by_role("button", name="Claim").click()
    page.get_by_label("Your reply").fill("I look it up")
    page_side, server_side = desk.sockets[-1]
    server_side.close()
    page_side.close(code=1012)
    page.get_by_text("The connection was lost.").wait_for()
    desk.asks("are you there", asked["conversation_id"])
    said = page.locator(".said", has_text="are you there")
    said.wait_for()
    expect(said.locator(".judged")).not_to_contain_text("Out of scope")
    expect(page.locator(".said", has_text="zebra quark first").locator(".chip")).to_contain_text(
        "Out of scope"
    )
    assert page.get_by_text("The connection was lost.").is_hidden()
    reply = page.get_by_label("Your reply")
    assert reply.input_value() == "I look it up"
    page_side, server_side = desk.sockets[-1]
    held: list[Any] = []
    server_side.on_message(lambda each: held.append(each))  # noqa: PLW0108 - Playwright marks what it calls
    page.get_by_role("button", name="Send").click()
    reply.fill("And what I type since")
    expect(page.get_by_role("button", name="Send")).to_be_disabled()
    server_side.on_message(lambda each: page_side.send(each))  # noqa: PLW0108 - it marks what it calls
    for each in held:
        page_side.send(each)
    page.locator(".reply.person", has_text="I look it up").wait_for()
    expect(page.get_by_role("button", name="Send")).to_be_enabled()
    assert reply.input_value() == "And what I type since"
    overloaded = {"code": "Overloaded", "title": "Busy", "detail": "Wait.", "retry_after_s": 0.3}
    page_side.send(json.dumps({"id": follows(page_side, server_side, page), "error": overloaded}))
    page.locator("#problem", has_text="Busy. Wait.").wait_for()
    desk.asks("is anybody there still", asked["conversation_id"])
    page.locator(".said", has_text="is anybody there still").wait_for()
    assert page.locator("#problem").is_hidden()
    page.get_by_role("button", name="Give back to bot").click()
    page.get_by_text("The bot answers.").wait_for()
    assert desk.told(asked["conversation_id"])["state"] == "open"
    page.context.close()


def test_on_a_phone_one_goes_from_the_list_to_the_conversation_and_back(desk: Desk) -> None:
    page = desk.page(ADA)
    page.set_viewport_size(PHONE)
    asked = desk.asks("when does the ferry leave")
    assert asked["citations"]
    desk.asks("zebra quark on a phone", asked["conversation_id"])
    entries(page).first.click()
    page.get_by_text("1 source").click()
    assert page.locator(".sources strong").inner_text() == "Times <i>2026</i>"
    assert page.locator(".sources q").inner_text() == "The ferry leaves at nine every morning."
    page.get_by_role("button", name="Claim").click()
    page.get_by_label("Your reply").fill("Yes")
    page.get_by_role("button", name="Send").click()
    page.locator(".reply.person", has_text="Yes").wait_for()
    assert page.locator("#queue").is_hidden()
    page.go_back()
    page.locator("#queue").wait_for()
    assert page.locator("#talk").is_hidden()
    entries(page).first.click()
    page.get_by_role("button", name="Back", exact=True).click()
    page.locator("#queue").wait_for()
    expect(entries(page).first).to_be_focused()
    desk.world.running.call(
        "assistant.delete_conversation", as_key=ADMIN_KEY, conversation_id=asked["conversation_id"]
    )
    entries(page).wait_for(state="detached")
    page.context.close()


def test_what_a_colleague_answers_is_taken_over(desk: Desk) -> None:
    where = {"conversation_id": desk.asks("zebra quark for a colleague")["conversation_id"]}
    desk.world.call("assistant.claim_conversation", **where)
    desk.world.call("assistant.reply_to_conversation", **where, text="I look.")
    page = desk.page(ADA)
    entries(page).click()
    page.locator("#state", has_text="answers.").wait_for()
    theirs = page.locator(".reply.person", has_text="I look.").locator(".by")
    expect(theirs).to_contain_text("The team")
    assert page.locator("#close").is_hidden()
    page.get_by_role("button", name="Take over").click()
    page.get_by_text("You answer.").wait_for()
    page.locator("#close").click()
    page.locator("#state", has_text="Closed.").wait_for()
    assert desk.told(where["conversation_id"])["state"] == "closed"
    page.context.close()
