"""The sample workspace: Mainstay's own handbook, loaded once, and a first question answered from it."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

from mainstay.app.house import House
from mainstay.kernel.caller import Credential
from mainstay.kernel.dispatch import Message

COLLECTION = "handbook"
QUESTION = "What should I do when the disk is full?"


@dataclass(frozen=True)
class Told:
    """A question with its answer and where that comes from: titles and characters."""

    question: str
    answer: str
    confidence: float
    sources: list[tuple[str, int, int]]
    took_ms: float


def pages() -> list[dict[str, Any]]:
    """Give the handbook's pages as documents."""
    folder = resources.files("mainstay.handbook")
    found = []
    for page in sorted(folder.iterdir(), key=lambda page: page.name):
        if page.name.endswith(".md"):
            text = page.read_text(encoding="utf-8")
            title = text.partition("\n")[0].lstrip("# ").strip()
            name = page.name.removesuffix(".md")
            found.append(
                {
                    "doc_id": f"{COLLECTION}/{name}",
                    "title": title,
                    "text": text,
                    "metadata": {"kind": "runbook" if name.startswith("runbook") else "guide"},
                }
            )
    return found


async def _call(house: House, operation: str, values: Mapping[str, Any]) -> Any:
    async def read() -> Mapping[str, Any]:
        return values

    found = next(each for each in house.application.operations if each.full_name == operation)
    message = Message(
        Credential(house.local_key, "start"), read, request_id=house.ids.new("request"), door="start"
    )
    return (await house.application.dispatch(found, message)).value


async def ask_first(house: House) -> Told:
    """Load the handbook if it is not there, or changed, and ask a question of it."""
    documents = {"collection": COLLECTION, "documents": pages(), "wait": True}
    await _call(house, "knowledge.add_documents", documents)
    began = house.clock.monotonic_s()
    answer = await _call(house, "knowledge.answer", {"question": QUESTION, "collection": COLLECTION})
    return Told(
        question=QUESTION,
        answer=answer.answer,
        confidence=answer.confidence,
        sources=[(cited.title, cited.start, cited.end) for cited in answer.citations],
        took_ms=1000 * (house.clock.monotonic_s() - began),
    )
