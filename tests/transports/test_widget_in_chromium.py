"""The widget in a real browser, on a page of another origin, under a policy that lets nothing else in."""

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from services.assistant.making import INTENTS
from transports.chromium import chromium
from transports.test_pages_for_everybody import AXE, FINDINGS, RULES
from transports.web_pages import Embedding, Shop, a_shop
from transports.worlds import PHRASE

WIDE = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}
SHOTS = os.environ.get("MAINSTAY_SHOTS", "")
CARDS = "what do gift cards cost"
LURE = (
    '<a href="https://evil.example.com/{n}">prize {n}</a> [prize {n}](https://evil.example.com/{n}) '
    "javascript:alert({n}) https://evil.example.com/{n} "
    "<img src=x onerror=alert({n})><script>alert({n})</script>"
)
WOULD_LOAD = "a, area, img, script, iframe, object, embed, link, base, form[action], [href], [src], [style]"


@dataclass
class Stage:
    """A house, a page that shows its bot, a browser, and a person of the team."""

    house: Embedding
    shop: Shop
    browser: Any
    bot_id: str
    widget_id: str
    agent: str
    contexts: list[Any] = field(default_factory=list)

    def page(self, size: dict[str, int] = WIDE, **more: Any) -> Any:
        """Open the shop's page; what its console says of refusals and errors fails the test."""
        context = self.browser.new_context(viewport=size, **more)
        self.contexts.append(context)
        page = context.new_page()
        page.wrong = []
        page.on("pageerror", lambda failure: page.wrong.append(str(failure)))
        page.on("console", lambda said: page.wrong.append(said.text) if "Policy" in said.text else None)
        page.goto(self.shop.origin)
        return page

    def as_agent(self, name: str, conversation_id: str, **values: Any) -> Any:
        return self.house.call(
            f"assistant.{name}", as_key=self.agent, conversation_id=conversation_id, **values
        )

    def waiting(self) -> str:
        """Give the one conversation that waits."""
        [found] = self.house.call("assistant.list_conversations", state="waiting")["conversations"]
        place: str = found["conversation_id"]
        return place


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    if not AXE.exists():
        pytest.skip("axe-core is not installed (tests/peers)")
    folder = tmp_path_factory.mktemp("widget") / "data"
    with chromium() as browser, Embedding(folder) as house, a_shop(house.house.address.url) as shop:
        text = "Gift cards are sold at the counter. Gift cards cost 25 or 50 euros each."
        stored = {"collection": "shop", "wait": True}
        house.call("knowledge.add_document", doc_id="cards", title="Gift cards", text=text, **stored)
        bot = house.call("assistant.create_bot", name="Shop", collections=["shop"], intents=INTENTS)
        made = house.call(
            "widgets.create_widget",
            bot_id=bot["bot_id"],
            name="Shop",
            origins=[shop.origin],
            title="Ask the shop",
            greeting="Hello! Ask me about orders, returns and gift cards.",
            suggestions=["What do gift cards cost?", "How do returns work?"],
        )
        house.call("people.create_user", email="ada@example.com", name="Ada Nowak", role="admin")
        house.calm()
        code = house.mails.code("ada@example.com")
        agent = house.call("people.accept_invitation", code=code, password=PHRASE)["secret"]
        shop.shows(made["widget_id"])
        yield Stage(house, shop, browser, bot["bot_id"], made["widget_id"], agent)


@pytest.fixture
def open_page(stage: Stage) -> Iterator[Callable[..., Any]]:
    yield stage.page
    for context in stage.contexts:
        context.close()
    stage.contexts.clear()


def ask(page: Any, text: str) -> None:
    page.get_by_label("Your message").fill(text)
    page.get_by_role("button", name="Send", exact=True).click()


def looked_at(page: Any, name: str, width: int) -> list[object]:
    """Let axe look in both schemes."""
    found: list[object] = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.evaluate(AXE.read_text())
        found += [(name, scheme, each) for each in page.evaluate(FINDINGS, RULES)]
        if SHOTS:
            page.screenshot(path=Path(SHOTS) / f"{name}-{width}-{scheme}.png")
    return found


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_asked_cited_rated_and_answered_by_a_person(
    stage: Stage, open_page: Callable[..., Any], size: dict[str, int]
) -> None:
    page, found = open_page(size), []
    width = size["width"]
    page.get_by_role("button", name="Open the chat").click()
    found += looked_at(page, "1-open", width)
    ask(page, CARDS)
    log = page.get_by_role("log")
    log.get_by_text("Gift cards cost 25 or 50 euros each.").first.wait_for()
    page.get_by_text("Gift cards", exact=True).last.click()
    assert page.locator("blockquote").last.inner_text() == "Gift cards cost 25 or 50 euros each."
    page.get_by_role("button", name="Not helpful").click()
    page.get_by_label("What was missing?").fill("Colours.")
    found += looked_at(page, "2-answered", width)
    page.get_by_role("button", name="Send comment").click()
    page.get_by_text("Thank you.").wait_for()
    page.get_by_role("button", name="Talk to a person").click()
    page.get_by_text("A person will answer here.").wait_for()
    assert page.get_by_role("button", name="Talk to a person").count() == 0
    found += looked_at(page, "3-waiting", width)
    page.get_by_role("button", name="Never mind").click()
    log.get_by_text("All right, nobody is called.").wait_for()
    page.get_by_role("button", name="Talk to a person").click()
    page.get_by_text("A person will answer here.").wait_for()
    place = stage.waiting()
    stage.as_agent("claim_conversation", place)
    page.get_by_text("Ada Nowak answers").wait_for()
    assert page.get_by_role("button", name="Never mind").count() == 0
    stage.as_agent("reply_to_conversation", place, text="They are blue. <b>https://example.com</b>")
    log.get_by_text("They are blue. <b>https://example.com</b>").wait_for()
    ask(page, "Thank you!")
    log.get_by_text("Thank you!").wait_for()
    found += looked_at(page, "4-person", width)
    rated = stage.house.call("assistant.list_feedback", bot_id=stage.bot_id, state="rated")["feedback"]
    assert (rated[-1]["helpful"], rated[-1]["comment"]) == (False, "Colours.")
    page.reload()
    log.get_by_text("They are blue.").wait_for()
    assert log.get_by_text("Thank you!").count() == 1
    stage.as_agent("close_conversation", place)
    page.get_by_text("The conversation has ended.").wait_for()
    found += looked_at(page, "5-ended", width)
    ask(page, CARDS)
    log.locator("hr ~ .turn").get_by_text("Gift cards cost 25 or 50 euros each.").first.wait_for()
    assert log.get_by_text("They are blue.").count() == 1
    page.get_by_role("button", name="Start anew").click()
    page.get_by_text("Hello! Ask me about").wait_for()
    assert found == []
    assert page.wrong == []


def test_only_answers_are_rated_and_what_was_given_is_shown_again(
    stage: Stage, open_page: Callable[..., Any]
) -> None:
    page = open_page()
    page.get_by_role("button", name="Open the chat").click()
    log, good = page.get_by_role("log"), page.get_by_role("button", name="Helpful", exact=True)
    for text, reply in (
        ("hello", "What can I do for you?"),
        ("where is my order", "Which order is it?"),
        ("never mind", "All right, forget it."),
        ("send my parcel back", "Did you mean one of these?"),
    ):
        ask(page, text)
        log.get_by_text(reply).wait_for()
        log.locator(".dots").wait_for(state="detached")
        assert (text, good.count()) == (text, 0)
    ask(page, "how do returns work")
    good.click()
    page.get_by_text("Thank you.").wait_for()
    page.get_by_role("button", name="Talk to a person").click()
    page.get_by_text("A person will answer here.").wait_for()
    page.reload()
    good.wait_for()
    assert good.count() == 1
    assert good.get_attribute("aria-pressed") == "true"
    assert page.get_by_role("button", name="Not helpful").get_attribute("aria-pressed") == "false"
    stage.as_agent("close_conversation", stage.waiting())
    assert page.wrong == []


def test_nothing_that_is_said_becomes_markup(stage: Stage, open_page: Callable[..., Any]) -> None:
    """Five hundred turns in which every text is a lure, as if documents and generators were an enemy's."""
    page, place = open_page(), "conversation_lures"
    turns = []
    for n in range(1, 501):
        lure = LURE.format(n=n)
        note = {"number": 1, "title": lure, "text": lure, "sentence": 0}
        said = {"turn_id": f"turn_{n}", "number": n, "text": lure, "reply": lure, "options": [lure]}
        turns.append(
            {**said, "notes": [note], "by": "bot", "kind": "question", "answered": True, "created_ms": 0}
        )
    pieces = [
        {"conversation_id": place, "state": "claimed", "agent": LURE.format(n=0), "turn": turn}
        for turn in turns
    ]
    told = "".join(f"event: piece\ndata: {json.dumps(each)}\n\n" for each in pieces)
    headers = {"Access-Control-Allow-Origin": stage.shop.origin, "Content-Type": "text/event-stream"}
    page.route("**/follow*", lambda route: route.fulfill(body=told, headers=headers))
    page.get_by_role("button", name="Open the chat").click()
    ask(page, CARDS)
    page.get_by_text("prize 500").first.wait_for()
    shadow = page.locator("[data-mainstay]")
    found = shadow.evaluate(
        "(host, wanted) => [...host.shadowRoot.querySelectorAll(wanted)].map((each) => each.outerHTML)",
        WOULD_LOAD,
    )
    assert [each for each in found if not each.startswith("<textarea")] == []
    assert shadow.evaluate("(host) => host.shadowRoot.querySelectorAll('details').length") > 500
    assert page.wrong == []


def test_by_the_keyboard_alone_and_back(stage: Stage, open_page: Callable[..., Any]) -> None:
    page = open_page(PHONE)
    launch = page.get_by_role("button", name="Open the chat")
    launch.focus()
    page.keyboard.press("Enter")
    focused = "document.querySelector('[data-mainstay]').shadowRoot.activeElement?.getAttribute(%s)"
    assert page.evaluate(focused % "'id'") == "say"
    assert page.get_by_role("dialog").get_attribute("aria-modal") == "true"
    page.keyboard.type("how do returns work")
    page.keyboard.press("Enter")
    page.get_by_role("log").get_by_text("Send it within 30 days.").wait_for()
    names = []
    for _ in range(12):
        page.keyboard.press("Tab")
        names.append(page.evaluate(focused % "'aria-label'"))
    assert "Close" in names
    assert names.count("Send") >= 2, "the focus goes round within the dialog"
    assert page.evaluate("document.activeElement.matches('[data-mainstay]')")
    page.keyboard.press("Escape")
    assert not page.get_by_role("dialog").is_visible()
    assert page.evaluate(focused % "'class'") == "launch"
    assert page.evaluate("document.documentElement.style.overflow") == ""
    assert page.wrong == []


def test_a_lost_network_loses_and_doubles_nothing(stage: Stage, open_page: Callable[..., Any]) -> None:
    page, log = open_page(), None
    page.get_by_role("button", name="Open the chat").click()
    log = page.get_by_role("log")
    broken = []

    def lost(route: Any) -> None:
        """Let what is said arrive, and lose the answer."""
        if len(broken) < 2:
            broken.append(route.fetch() if broken else None)
            route.abort("connectionreset")
        else:
            route.continue_()

    page.route("**/turns", lost)
    ask(page, "how do returns work")
    page.get_by_text("No connection.").wait_for()
    log.get_by_text("Send it within 30 days.").wait_for()
    assert len(broken) == 2
    page.unroute("**/turns")
    page.get_by_role("button", name="Talk to a person").click()
    page.get_by_text("A person will answer here.").wait_for()
    place = stage.waiting()
    whole = stage.as_agent("get_conversation", place)
    assert [(turn["text"], turn["reply"]) for turn in whole["history"]] == [
        ("how do returns work", "Send it within 30 days.")
    ], "said twice, stored once"
    page.context.set_offline(True)
    stage.as_agent("claim_conversation", place)
    for text in ("One.", "Two."):
        stage.as_agent("reply_to_conversation", place, text=text)
    page.context.set_offline(False)
    log.get_by_text("Two.").wait_for()
    bubbles = log.locator(".bubble")
    assert [bubbles.filter(has_text=text).count() for text in ("One.", "Two.")] == [1, 1]
    stage.as_agent("close_conversation", place)
    page.get_by_text("The conversation has ended.").wait_for()
    what_always_fails_is_given_back(stage, page)
    assert page.wrong == []


def what_always_fails_is_given_back(stage: Stage, page: Any) -> None:
    keys = []

    def fails(route: Any) -> None:
        keys.append(route.request.post_data_json["turn_key"])
        route.fulfill(status=500, headers={"Access-Control-Allow-Origin": stage.shop.origin})

    def tries(times: int) -> None:
        while len(keys) < times:
            page.evaluate("dispatchEvent(new Event('online'))")
            page.wait_for_timeout(20)

    page.route("**/turns", fails)
    ask(page, "how do returns work")
    tries(2)
    page.reload()
    tries(5)
    field = page.get_by_label("Your message")
    page.evaluate("dispatchEvent(new Event('online'))")
    page.get_by_text("That did not work.").wait_for()
    assert (len(keys), field.input_value()) == (5, "how do returns work")
    page.unroute("**/turns")
    with page.expect_request("**/turns") as sent:
        page.get_by_role("button", name="Send", exact=True).click()
    page.get_by_role("log").get_by_text("Send it within 30 days.").wait_for()
    assert {*keys, sent.value.post_data_json["turn_key"]} == {keys[0]}, "said once, if it had arrived"


def test_choices_languages_and_directions(stage: Stage, open_page: Callable[..., Any]) -> None:
    stage.shop.shows(stage.widget_id, language="de", direction="rtl")
    try:
        page = open_page()
        page.get_by_role("button", name="Chat öffnen").click()
        page.get_by_label("Ihre Nachricht").fill("send my parcel back")
        page.keyboard.press("Enter")
        page.get_by_role("group", name="Wählen Sie").get_by_role("button").first.click()
        page.get_by_role("log").get_by_text("Which order is it?").wait_for()
        box = page.get_by_role("dialog").bounding_box()
        assert box is not None
        assert box["x"] < 100, "at the side where lines end"
        assert looked_at(page, "6-rtl", WIDE["width"]) == []
        assert page.wrong == []
    finally:
        stage.shop.shows(stage.widget_id)


def test_a_page_of_another_origin_has_no_chat(stage: Stage, open_page: Callable[..., Any]) -> None:
    page = open_page()
    page.get_by_role("button", name="Open the chat").wait_for()
    with page.expect_event("requestfailed") as refused:
        page.goto(stage.shop.origin.replace("localhost", "127.0.0.1"))
    assert refused.value.url.endswith("/look")
    assert page.locator("[data-mainstay]").count() == 0


@pytest.mark.parametrize(
    ("colour", "scheme", "ring"),
    [("#0a7d33", "light", "#0a7d33"), ("#ffe066", "light", "#1d4ed8"), ("#ffe066", "dark", "#ffe066")],
)
def test_the_ring_has_the_widgets_colour_where_one_sees_it(
    stage: Stage, colour: str, scheme: Any, ring: str
) -> None:
    page = stage.page(color_scheme=scheme)
    page.route("**/look*", lambda route: route.fulfill(json={**route.fetch().json(), "colour": colour}))
    page.reload()
    page.get_by_role("button", name="Open the chat").wait_for()
    read = "(host) => getComputedStyle(host).getPropertyValue('--focus').trim()"
    assert page.locator("[data-mainstay]").evaluate(read) == ring
