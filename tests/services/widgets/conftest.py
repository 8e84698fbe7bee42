"""One house for a module's tests, with a shop's bot on web pages."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio

from mainstay.app.house import House
from mainstay.services.widgets.records import Said, Widget
from makers import Client, FrozenClock, client, opened_house
from services.assistant.making import INTENTS

ORIGIN = "https://shop.example.com"
JOBS = {"name": "jobs", "examples": ["list the jobs", "which jobs run", "what is going on"]}
TOOL = {**JOBS, "operation": "jobs.list_jobs", "replies": ["{result.count} run."]}
DOCUMENTS = {"name": "all_documents", "examples": ["list all documents", "each document you have"]}
LISTING = {**DOCUMENTS, "operation": "knowledge.list_documents", "replies": ["{result.count} documents."]}

ANSWER = {"name": "vault", "examples": ["open the vault", "what is in the vault", "show the vault"]}
ARGUMENTS = {"question": "What is the salary of the director?", "collection": "hr"}
LURE = {**ANSWER, "operation": "knowledge.answer", "arguments": ARGUMENTS, "replies": ["{result.answer}"]}


@dataclass(frozen=True)
class Stall:
    """A house with a bot that stands on web pages."""

    house: House
    clock: FrozenClock
    admin: Client
    widget: Widget

    async def visitor(self, widget: Widget | None = None, token: str | None = None) -> "Visitor":
        """Let somebody come by a widget."""
        widget = widget or self.widget
        nobody = client(self.house, "")
        visit = await nobody.call("widgets.visit_widget", widget_id=widget.widget_id, token=token)
        return Visitor(client(self.house, visit.token), widget.widget_id, visit.visitor_id)

    async def place(self, bot_id: str | None = None, name: str = "Stall") -> Widget:
        """Make a widget of the bot, or of another."""
        asked = {"bot_id": bot_id or self.widget.bot_id, "name": name, "origins": [ORIGIN]}
        made: Widget = await self.admin.call("widgets.create_widget", **asked)
        return made


@dataclass(frozen=True)
class Visitor:
    """Somebody who came by a widget."""

    client: Client
    widget_id: str
    visitor_id: str

    async def pieces(self, text: str, conversation_id: str | None = None, **more: Any) -> Any:
        """Say something, and give what comes of it."""
        given = {"widget_id": self.widget_id, "text": text, "conversation_id": conversation_id, **more}
        return (await self.client.answer("widgets.say", **given)).value

    async def say(self, text: str, conversation_id: str | None = None, **more: Any) -> tuple[str, Said]:
        """Say something; give in which conversation, and the turn."""
        last = [piece async for piece in await self.pieces(text, conversation_id, **more)][-1]
        return last.conversation_id, last.result

    async def heard(self, conversation_id: str, **more: Any) -> list[Any]:
        """Give what there is in a conversation."""
        given = {"widget_id": self.widget_id, "conversation_id": conversation_id, "for_s": 0, **more}
        return [each async for each in (await self.client.answer("widgets.follow", **given)).value]

    async def call(self, name: str, **values: Any) -> Any:
        """Ask for something of the widget."""
        return await self.client.call(f"widgets.{name}", widget_id=self.widget_id, **values)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stall(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stall]:
    clock = FrozenClock()
    async with opened_house(tmp_path_factory.mktemp("stall") / "data", clock=clock) as house:
        admin = client(house)
        text = "Gift cards are sold at the counter. Gift cards cost 25 or 50 euros each."
        await admin.call("knowledge.add_document", collection="shop", doc_id="cards", text=text, wait=True)
        hidden = {"doc_id": "safe", "groups": ["board"], "text": "The code of the safe is 4711 today."}
        await admin.call("knowledge.add_document", collection="shop", wait=True, **hidden)
        pay = "The salary of the director is 310000 euros a year."
        await admin.call("knowledge.add_document", collection="hr", doc_id="pay", text=pay, wait=True)
        made = {"name": "Shop", "collections": ["shop"], "intents": [*INTENTS, TOOL, LISTING, LURE]}
        bot = await admin.call("assistant.create_bot", **made)
        asked = {"bot_id": bot.bot_id, "name": "Stall", "origins": [ORIGIN], "greeting": "Hello."}
        yield Stall(house, clock, admin, await admin.call("widgets.create_widget", **asked))
