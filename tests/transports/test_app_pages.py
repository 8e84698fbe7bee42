"""The page of apps: listed, taken back by their person alone, and told what they may."""

import base64
import hashlib
from urllib.parse import parse_qs, urlsplit

from transports.test_account_pages import Browser, browser, joined_as, world
from transports.worlds import World

__all__ = ["browser", "world"]

HERE = "/account/apps"


def approved(world: World, secret: str, name: str) -> None:
    """Let somebody allow an app to search in his name."""
    back = "https://app.example.com/back"
    made = world.call("authorization.create_client", name=name, redirect_uris=[back])
    challenge = base64.urlsafe_b64encode(hashlib.sha256(b"v" * 43).digest()).rstrip(b"=").decode()
    approval = world.running.call(
        "authorization.approve_authorization",
        as_key=secret,
        client_id=made["client_id"],
        redirect_uri=back,
        code_challenge=challenge,
        code_challenge_method="S256",
        scope="documents:read",
    )
    world.call(
        "authorization.redeem_code",
        client_id=made["client_id"],
        client_secret=made["client_secret"],
        code=parse_qs(urlsplit(approval["redirect_to"]).query)["code"][0],
        redirect_uri=back,
        code_verifier="v" * 43,
    )


def test_apps_are_listed_and_taken_back(world: World, browser: Browser) -> None:
    email = joined_as(world, "apps@example.com")
    browser.sign_in(email)
    browser.get(HERE)
    assert "No app may act in your name" in browser.page
    approved(world, browser.session, "Harbour <b>notes")
    browser.get(HERE)
    assert "Harbour &lt;b&gt;notes" in browser.page
    assert "read and search the documents that you may read" in browser.page
    other = Browser(world)
    other.sign_in(joined_as(world, "no-apps@example.com"))
    other.get("/account/sessions")
    [named] = [each for each in browser.page.split('"') if each.startswith("family_")]
    assert other.send(HERE, authorization_id=named).status == 404
    browser.get(HERE)
    assert browser.send(HERE).status == 200
    assert "may no more act in your name" in browser.page
    assert "No app may act" in browser.page


def test_strangers_are_sent_to_sign_in(browser: Browser) -> None:
    answer = browser.get(HERE)
    assert (answer.status, answer.headers["location"]) == (303, f"/account/sign-in?next={HERE}")
