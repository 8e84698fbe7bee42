"""The OpenAPI document and the pages made from it."""

import json
import re
from html.parser import HTMLParser
from typing import Any

import httpx2
import pytest

from mainstay.kernel.dispatch import Application
from mainstay.services.identity.interface import Identity
from mainstay.services.jobs.interface import Jobs
from mainstay.services.knowledge.interface import Knowledge
from mainstay.transports.rest.looks import SCRIPT
from mainstay.transports.rest.openapi import openapi
from transports.house import Notes

validator = pytest.importorskip("openapi_spec_validator")


def _application(*interfaces: Any) -> Application:
    """Make an application that can be described, not asked."""
    return Application(None, dict.fromkeys(interfaces))  # type: ignore[arg-type]  # nothing is dispatched


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """Give the document of the real services."""
    return openapi(_application(Knowledge, Jobs, Identity), "1.2.3")


def _operations(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [operation for methods in document["paths"].values() for operation in methods.values()]


def test_it_is_valid(document: dict[str, Any]) -> None:
    validator.validate(document)
    validator.validate(openapi(_application(Notes), "1"))


def test_the_same_operations_give_the_same_document(document: dict[str, Any]) -> None:
    again = openapi(_application(Knowledge, Jobs, Identity), "1.2.3")
    assert json.dumps(again) == json.dumps(document)


def test_names_look_written_by_hand(document: dict[str, Any]) -> None:
    names = [operation["operationId"] for operation in _operations(document)]
    assert len(set(names)) == len(names)
    assert {"knowledge_search", "knowledge_search_post_search_vector"} <= set(names)
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", name) for name in names)
    assert all(re.fullmatch(r"[A-Z][A-Za-z]+", name) for name in document["components"]["schemas"])


def test_each_operation_tells_what_it_takes_and_answers(document: dict[str, Any]) -> None:
    for operation in _operations(document):
        assert operation["summary"]
        assert {"400", "401", "422", "429", "500", "503"} <= set(operation["responses"])
        assert any(status.startswith("2") for status in operation["responses"])
        assert all("description" in each for each in operation.get("parameters", ()) if "doc_id" in each)


def test_problems_name_their_codes(document: dict[str, Any]) -> None:
    missing = document["paths"]["/documents/{doc_id}"]["get"]["responses"]["404"]
    schema = missing["content"]["application/problem+json"]["schema"]
    assert schema["allOf"][1]["properties"]["code"]["enum"] == ["DocumentMissing", "RouteMissing"]


def test_whole_and_streamed_answers_stand_at_one_place(document: dict[str, Any]) -> None:
    content = document["paths"]["/knowledge/answer"]["post"]["responses"]["200"]["content"]
    assert set(content) == {"application/json", "text/event-stream"}
    events = [each["properties"] for each in content["text/event-stream"]["schema"]["oneOf"]]
    assert {each["event"]["const"]: each["data"]["contentSchema"] for each in events} == {
        "piece": {"$ref": "#/components/schemas/AnswerPiece"},
        "end": {"type": "object"},
        "problem": {"$ref": "#/components/schemas/Problem"},
    }


def test_a_file_has_its_fields_beside_it(document: dict[str, Any]) -> None:
    media = document["paths"]["/documents/upload"]["post"]["requestBody"]["content"]["multipart/form-data"]
    assert media["encoding"]["metadata"] == {"contentType": "application/json"}
    fields = document["components"]["schemas"]["UploadDocumentRequest"]
    assert fields["required"] == ["file", "collection"]
    assert "wait" not in fields["properties"]


class _Page(HTMLParser):
    """Gathers what a page needs from elsewhere, and its unlabelled fields."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.ids: list[str] = []
        self.fields: list[str] = []
        self.labels: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.ids.extend([given["id"]] if "id" in given else [])
        if tag in {"script", "img", "link", "iframe"} and ("src" in given or "href" in given):
            self.fetched.append(tag)
        if tag in {"input", "textarea"}:
            self.fields.append(given["id"])
        if tag == "label":
            self.labels.append(given["for"])
        if tag == "a":
            self.links.append(given["href"])


async def test_the_reference_stands_on_its_own(web: httpx2.AsyncClient) -> None:
    web.headers.pop("Authorization")
    answer = await web.get("/docs")
    page = _Page()
    page.feed(answer.text)
    assert page.fetched == []
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert len(set(page.ids)) == len(page.ids)
    assert set(page.fields) <= set(page.labels)
    inside = {link.removeprefix("#") for link in page.links if link.startswith("#")}
    assert inside <= set(page.ids)


def test_the_script_of_the_reference_writes_text_and_keeps_nothing() -> None:
    assert "out.textContent = " in SCRIPT
    for dangerous in (
        "innerHTML",
        "outerHTML",
        "insertAdjacent",
        "document.write",
        "eval",
        "Function(",
        "import(",
    ):
        assert dangerous not in SCRIPT
    for kept in ("localStorage", "sessionStorage", "indexedDB", "cookie", "caches", "window."):
        assert kept not in SCRIPT
    assert re.findall(r"(\w+)\[(\w+)\] = ", SCRIPT) == [("headers", "name")], (
        "names of fields, which are ours"
    )
    assert "__proto__" not in json.dumps(openapi(_application(Knowledge, Jobs, Identity), "1"))


async def test_a_panel_shows_first_what_is_looked_for_first(web: httpx2.AsyncClient) -> None:
    text = (await web.get("/docs")).text
    panels = [panel for panel in re.split(r'<details id="(?!record-)', text)[1:] if "<form" in panel]
    assert panels
    for panel in panels:
        places = [panel.index(words) for words in ("Try it", "<caption>Answers", "<summary>Problems")]
        assert places == sorted(places)
        assert re.search(r"<code>[45]\d\d</code>", panel[: places[-1]]) is None
        assert "at least 1 characters" not in panel


async def test_a_place_with_two_forms_tells_of_both_the_whole_one_first(web: httpx2.AsyncClient) -> None:
    document = (await web.get("/openapi.json")).json()
    both = [
        operation
        for methods in document["paths"].values()
        for operation in methods.values()
        if len(operation["responses"].get("200", {}).get("content", {})) > 1
    ]
    assert both
    page = (await web.get("/docs")).text
    for operation in both:
        whole, pieces = operation["description"].split("Or: ")
        assert whole.lower().startswith("whole, as json: " + operation["summary"].lower())
        assert pieces
    assert re.search(r"</a> or events of <a [^>]+>\w+</a> \(<code>text/event-stream</code>\)", page)


async def test_code_wraps_on_a_narrow_screen(web: httpx2.AsyncClient) -> None:
    for path in ("/", "/docs"):
        text = (await web.get(path, headers={"Accept": "text/html"})).text
        assert "pre{white-space:pre-wrap;overflow-wrap:anywhere}" in text


async def test_the_document_is_served(web: httpx2.AsyncClient) -> None:
    web.headers.pop("Authorization")
    assert (await web.get("/openapi.json")).json()["info"]["title"] == "Mainstay"
    front = (await web.get("/")).json()
    for address in (front["docs"], front["openapi"], front["health"], front["ready"]):
        assert (await web.get(address)).status_code == 200
    assert "<h1>Mainstay" in (await web.get("/", headers={"Accept": "text/html"})).text


async def test_a_problems_address_explains_it(web: httpx2.AsyncClient) -> None:
    problem = (await web.get("/v1/notes/none")).json()
    explained = await web.get(problem["type"])
    assert explained.json()["code"] == "NoteMissing"
    assert "There is no such note" in (await web.get(problem["type"], headers={"Accept": "text/html"})).text
    assert (await web.get("/problems/internal-error")).status_code == 200
    assert (await web.get("/problems/nothing")).json()["code"] == "RouteMissing"


@pytest.mark.parametrize(
    ("address", "kept"), [("/", "no-store"), ("/problems/internal-error", "public, max-age=300")]
)
@pytest.mark.parametrize("accept", ["application/json", "text/html"])
async def test_a_cache_keeps_the_forms_of_a_page_apart(
    web: httpx2.AsyncClient, address: str, kept: str, accept: str
) -> None:
    answer = await web.get(address, headers={"Accept": accept})
    assert answer.headers["content-type"].startswith(accept)
    assert (answer.headers["vary"], answer.headers["cache-control"]) == ("Accept", kept)
