"""The whole way: a person who signs in on the page, the app that she lets act, and the end of both."""

import re
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from mainstay.app.placement import SettingsContradict, chosen_services
from mainstay.app.settings import Settings
from services.authorization.approving import VERIFIER
from services.authorization.asking import said
from services.authorization.browsing import BACK, Asking, Person
from services.people.joining import PHRASE
from transports.real_house import Running, running


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("people") / "data", "127.0.0.1") as opened:
        yield opened


def test_a_person_lets_an_app_act_until_she_is_deactivated(served: Running) -> None:
    app = Asking(served, "openid jobs:read keys:write")
    with Person(served, "ada@example.com") as ada:
        user = ada.joins("user")
        page = ada.signs_in(app.asks(ada))
        assert (
            "You are <strong>Ada</strong> (ada@example.com), in the tenant <strong>operator</strong>."
            in page.text
        )
        assert "<li>see jobs and how far they are</li>" in page.text
        assert "API keys" not in page.text, "she makes none herself, so that she cannot let anybody"
        back = ada.agrees(page)
        assert (back["state"], back["iss"]) == ("s-1", served.url)
        told = app.redeems(back)
        assert told["scope"] == "openid jobs:read"  # she makes no keys herself
        assert said(told["id_token"])["sub"] == user["id"]
        assert app.gets("/v1/jobs", told["access_token"]).status_code == 200
        assert app.gets("/v1/documents", told["access_token"]).status_code == 403
        me = app.gets("/v1/me", told["access_token"]).json()
        assert (me["subject"], me["permissions"]) == (user["id"], ["jobs:read"])
        renewed = app.token("refresh_token", refresh_token=told["refresh_token"]).json()
        assert app.gets("/v1/auth/userinfo", renewed["access_token"]).json()["sub"] == user["id"]
        time.sleep(1.1)  # tokens tell the second in which they were made
        served.call("people.deactivate_user", user_id=user["id"])
        for token in (told["access_token"], renewed["access_token"]):
            assert app.gets("/v1/jobs", token).status_code == 401
        refused = app.token("refresh_token", refresh_token=renewed["refresh_token"])
        assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
        assert app.asks(ada).headers["location"].startswith("/account/sign-in")
        served.call("people.update_user", user_id=user["id"], state="active")  # brings none of it back
        for token in (told["access_token"], renewed["access_token"]):
            assert app.gets("/v1/jobs", token).status_code == 401
        refused = app.token("refresh_token", refresh_token=renewed["refresh_token"])
        assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
        again = app.redeems(ada.agrees(ada.signs_in(app.asks(ada))))
        assert app.gets("/v1/jobs", again["access_token"]).status_code == 200


def test_whoever_can_give_nothing_can_only_go_back(served: Running) -> None:
    app = Asking(served, "openid keys:write")
    with Person(served, "powerless@example.com") as person:
        person.joins("user")
        page = person.signs_in(app.asks(person))
        assert "there is nothing that you could allow" in page.text
        assert re.findall(r'name="decision" value="(\w+)"', page.text) == ["deny"]
        for decision, error in (("approve", "invalid_scope"), ("deny", "access_denied")):
            sent = person.sends(page, decision=decision)
            assert parse_qs(urlsplit(sent.headers["location"]).query)["error"] == [error]


def test_a_new_password_ends_what_apps_were_let_do(served: Running) -> None:
    app = Asking(served, "openid jobs:read")
    with Person(served, "recovers@example.com") as person:
        person.joins("user")
        told = app.redeems(person.agrees(person.signs_in(app.asks(person))))
        waiting = person.agrees(app.asks(person))
        assert served.call("authorization.list_authorizations", as_key=person.session)
        time.sleep(1.1)
        page = person.web.get("/account/password")
        changed = person.sends(page, password=PHRASE, new_password="seven quiet lamps over the harbour")
        assert changed.status_code == 200
        assert app.gets("/v1/jobs", told["access_token"]).status_code == 401
        refused = app.token("refresh_token", refresh_token=told["refresh_token"])
        assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
        form = {"code": waiting["code"], "code_verifier": VERIFIER, "redirect_uri": BACK}
        assert app.token("authorization_code", **form).json()["error"] == "invalid_grant"
        assert served.call("authorization.list_authorizations", as_key=person.session) == []
        again = app.redeems(person.agrees(app.asks(person)))
        assert app.gets("/v1/jobs", again["access_token"]).status_code == 200


def test_no_token_keeps_an_account(served: Running) -> None:
    app = Asking(served, "*")
    with Person(served, "keeps@example.com") as person:
        person.joins("admin")
        told = app.redeems(person.agrees(person.signs_in(app.asks(person))))
        assert app.gets("/v1/users", told["access_token"]).status_code == 200
        assert app.gets("/v1/sessions", told["access_token"]).json()["code"] == "UserNeeded"


@pytest.mark.parametrize("back", ["", BACK])
def test_logging_out_in_an_app_ends_tokens_and_session(served: Running, back: str) -> None:
    app = Asking(served, "openid jobs:read")
    with Person(served, f"leaves{len(back)}@example.com") as person:
        person.joins("user")
        told = app.redeems(person.agrees(person.signs_in(app.asks(person))))
        secret = person.session
        asked = {"id_token_hint": told["id_token"], "post_logout_redirect_uri": back, "state": "out"}
        left = person.web.get("/v1/auth/logout", params={name: each for name, each in asked.items() if each})
        if back:
            assert (left.status_code, left.headers["location"]) == (303, f"{BACK}?state=out")
        else:
            assert (left.status_code, "signed out" in left.text) == (200, True)
        assert person.session == ""
        assert "storage" in left.headers["clear-site-data"]
        assert app.gets("/v1/me", secret).status_code == 401
        assert app.gets("/v1/jobs", told["access_token"]).status_code == 401
        assert app.asks(person).headers["location"].startswith("/account/sign-in")


def test_logging_out_leaves_other_peoples_sessions(served: Running) -> None:
    app = Asking(served, "openid jobs:read")
    with Person(served, "first@example.com") as first, Person(served, "second@example.com") as second:
        for each in (first, second):
            each.joins("user")
        told = app.redeems(first.agrees(first.signs_in(app.asks(first))))
        second.signs_in(app.asks(second))
        left = second.web.get("/v1/auth/logout", params={"id_token_hint": told["id_token"]})
        assert (left.status_code, "set-cookie" in left.headers) == (200, False)
        assert app.gets("/v1/me", second.session).status_code == 200
        ended = httpx2.post(
            f"{served.url}/v1/auth/logout",
            data={"id_token_hint": told["id_token"]},
            headers={"Cookie": "mainstay-session=mss_of-nobody"},
        )
        assert ended.status_code == 200


@pytest.mark.parametrize("only", [("authorization",), ("authorization", "people"), ("people", "jobs")])
def test_tokens_and_people_run_where_identity_runs(tmp_path: Path, only: tuple[str, ...]) -> None:
    apart = ", ".join(each for each in only if each != "jobs")
    with pytest.raises(SettingsContradict, match=f"{apart} runs where identity runs"):
        chosen_services(Settings(data=tmp_path, only=only))
