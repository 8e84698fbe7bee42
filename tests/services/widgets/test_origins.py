"""Origins: a widget answers the pages where it may stand and refuses all others before they are read."""

import httpx2
import pytest

from mainstay.app.server import doors
from mainstay.kernel.dispatch import RequestInvalid
from mainstay.ports.database import SYSTEM
from mainstay.services.widgets.failures import WidgetShowsDocuments
from mainstay.transports.rest.embedded import for_embedded
from mainstay.transports.widget.script import SCRIPT
from makers import client
from services.widgets.conftest import ORIGIN, Stall

pytestmark = pytest.mark.asyncio(loop_scope="module")

FOREIGN = "https://shop.example.com.evil.example.com"
PREFLIGHT = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}


def web(stall: Stall) -> httpx2.AsyncClient:
    door = doors(stall.house)
    app = for_embedded(door, door, stall.house.embedding)
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://test")


async def test_pages_of_its_origins_are_let_in_and_no_others(stall: Stall) -> None:
    at = f"/v1/assistant/widgets/{stall.widget.widget_id}"
    async with web(stall) as page:
        asked = await page.options(f"{at}/turns", headers={"Origin": ORIGIN, **PREFLIGHT})
        assert asked.status_code == 204
        assert asked.headers["access-control-allow-origin"] == ORIGIN
        assert "access-control-allow-credentials" not in asked.headers
        visit = await page.post(f"{at}/visits", json={}, headers={"Origin": ORIGIN})
        assert (visit.status_code, visit.headers["vary"]) == (201, "Origin")
        token = {"Authorization": f"Bearer {visit.json()['token']}", "Accept": "text/event-stream"}
        for origin in (FOREIGN, "null", "http://shop.example.com", ORIGIN.upper()):
            refused = await page.options(f"{at}/turns", headers={"Origin": origin, **PREFLIGHT})
            assert (refused.status_code, refused.json()["code"]) == (403, "PageForeign")
            said = await page.post(f"{at}/turns", json={"text": "a"}, headers={"Origin": origin, **token})
            assert said.json()["code"] == "PageForeign"
            assert "access-control-allow-origin" not in said.headers
        wrong = await page.post(f"{at}/turns", json={}, headers={"Origin": ORIGIN, **token})
        assert (wrong.status_code, wrong.headers["access-control-allow-origin"]) == (422, ORIGIN)


async def test_a_misspelt_id_and_a_foreign_page_are_told_what_to_check(stall: Stall) -> None:
    async with web(stall) as page:
        for widget_id, origin in (("widget_nope", ORIGIN), (stall.widget.widget_id, FOREIGN)):
            at = f"/v1/assistant/widgets/{widget_id}/visits"
            refused = await page.post(at, json={}, headers={"Origin": origin})
            assert (refused.status_code, refused.json()["code"]) == (403, "PageForeign")
            for hint in ("`data-widget`", "add the page's origin"):
                assert hint in refused.json()["detail"]


async def test_methods_that_nobody_answers_are_told_so_before_origins(stall: Stall) -> None:
    at = f"/v1/assistant/widgets/{stall.widget.widget_id}/visits"
    async with web(stall) as program:
        for method in ("GET", "PUT", "TRACE"):
            told = await program.request(method, at)
            assert (told.status_code, told.headers["allow"]) == (405, "OPTIONS, POST")
        assert (await program.post(at, json={})).json()["code"] == "PageForeign"


async def test_origins_are_kept_as_browsers_say_them(stall: Stall) -> None:
    given = {"bot_id": stall.widget.bot_id, "name": "W", "origins": ["https://Shop.Example.COM:443"]}
    made = await stall.admin.call("widgets.create_widget", **given)
    assert made.origins == [ORIGIN]
    for wrong in (
        "https://shop.example.com/path",
        "http://shop.example.com",
        "https://",
        "https://*.example.com",
    ):
        changed = {"widget_id": made.widget_id, "origins": [wrong]}
        with pytest.raises(RequestInvalid):
            await stall.admin.call("widgets.update_widget", **changed)
    changed = {"widget_id": made.widget_id, "origins": ["http://localhost:3000"], "title": "T"}
    after = await stall.admin.call("widgets.update_widget", **changed)
    assert (after.origins, after.title, after.name) == (["http://localhost:3000"], "T", "W")
    reader = ["assistants:read", "assistants:write"]
    await stall.admin.call("identity.create_role", name="maker", permissions=reader)
    key = await stall.admin.call("identity.create_key", name="maker", role="maker")
    with pytest.raises(WidgetShowsDocuments):
        await client(stall.house, key.key).call("widgets.create_widget", **given)


async def test_a_refused_visit_leaves_nothing(stall: Stall) -> None:
    visits = "SELECT count(*) AS many FROM visits"
    [before] = await stall.house.engines.database.fetch(SYSTEM, visits)
    async with web(stall) as page:
        for base in ("/v1", "/api/v1"):
            at = f"{base}/assistant/widgets/{stall.widget.widget_id}/visits"
            for headers in ({"Origin": FOREIGN}, {}):
                assert (await page.post(at, json={}, headers=headers)).status_code == 403
        nowhere = await page.post(
            "/v1/assistant/widgets/widget_none/visits", json={}, headers={"Origin": ORIGIN}
        )
        assert nowhere.status_code == 403, "whether there is such a widget is told to its own pages alone"
    assert [before] == await stall.house.engines.database.fetch(SYSTEM, visits)


async def test_pages_reach_nothing_beside_the_widget(stall: Stall) -> None:
    async with web(stall) as page:
        for path in ("/v1/assistant/bots", "/v1/me", f"/v1/assistant/widgets/{stall.widget.widget_id}"):
            asked = await page.options(path, headers={"Origin": ORIGIN, **PREFLIGHT})
            assert "access-control-allow-origin" not in asked.headers, path


async def test_the_script_is_small_cached_and_for_every_page(stall: Stall) -> None:
    async with web(stall) as page:
        got = await page.get("/widget.js")
        assert got.headers["content-type"] == "text/javascript; charset=utf-8"
        assert got.headers["cross-origin-resource-policy"] == "cross-origin"
        assert got.headers["x-content-type-options"] == "nosniff"
        again = await page.get("/widget.js", headers={"If-None-Match": got.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
    assert got.content == SCRIPT
    assert len(SCRIPT) < 40_000
    for way in (b"innerHTML", b"outerHTML", b"insertAdjacentHTML", b"document.write", b"eval(", b"style="):
        assert way not in SCRIPT, "no way to make markup of texts, nor a style that a policy refuses"
