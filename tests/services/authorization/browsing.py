"""People with a browser, and apps that send it here, over a socket."""

import re
from html import unescape
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

import httpx2

from services.authorization.approving import VERIFIER, challenge
from services.people.joining import PHRASE
from transports.real_house import Running

BACK = "http://127.0.0.1:41234/callback"
_HIDDEN = re.compile(r'type="hidden" name="(\w+)" value="([^"]*)"')
_ON = re.compile(r'http-equiv="refresh" content="0;url=([^"]*)"')


class Person:
    """Somebody with a browser of her own: it keeps cookies, and goes nowhere by itself."""

    def __init__(self, served: Running, email: str) -> None:
        self.email = email
        self._served = served
        self.web = httpx2.Client(base_url=served.url, timeout=30)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.web.close()

    @property
    def session(self) -> str:
        return self.web.cookies.get("mainstay-session", "")

    def joins(self, role: str) -> dict[str, Any]:
        """Be invited, accept on the page, and sign out again; gives the user."""
        user: dict[str, Any] = self._served.call(
            "people.create_user", email=self.email, name="Ada", role=role
        )
        self._served.calm()
        code = self._served.mails.code(self.email)
        page = self.web.get(f"/account/accept?code={code}")
        accepted = self.sends(page, password=PHRASE)
        assert accepted.headers["location"] == "/account/sessions"
        assert self.sends(self.web.get("/account/sessions"), "/account/sign-out").status_code == 303
        assert self.session == ""
        return user

    def sends(self, page: httpx2.Response, path: str = "", **fields: str) -> httpx2.Response:
        """Send the form of a page, as this browser shows it, to where the page is."""
        hidden = {name: unescape(value) for name, value in _HIDDEN.findall(page.text)}
        origin = {"Origin": self._served.url}
        where = path or page.url.path
        return self.web.post(where, data={**hidden, **fields}, headers=origin)

    def signs_in(self, sent: httpx2.Response) -> httpx2.Response:
        """Sign in where the browser was sent; gives the page to which it goes on."""
        assert sent.status_code == 303
        where = sent.headers["location"]
        assert where.startswith("/account/sign-in?next=")
        signed_in = self.sends(self.web.get(where), email=self.email, password=PHRASE)
        assert signed_in.status_code == 200, signed_in.text
        found = _ON.search(signed_in.text)
        assert found is not None
        return self.web.get(unescape(found[1]))

    def agrees(self, page: httpx2.Response) -> dict[str, str]:
        """Let the app of a page act; gives what the app is told."""
        return dict(parse_qsl(urlsplit(self.agrees_and_goes(page)).query))

    def agrees_and_goes(self, page: httpx2.Response) -> str:
        """Let the app of a page act; gives the address to which the browser goes then."""
        assert page.status_code == 200
        sent = self.sends(page, decision="approve")
        assert sent.status_code == 303, sent.text
        where = str(sent.headers["location"])
        assert where.startswith(BACK)
        return where


class Asking:
    """An app on somebody's machine, which asks her."""

    def __init__(self, served: Running, scope: str) -> None:
        made = served.call(
            "authorization.create_client", name="App", redirect_uris=[BACK], confidential=False
        )
        self.client_id = str(made["client_id"])
        self.scope = scope
        self._url = served.url

    def asks(self, person: Person, **more: str) -> httpx2.Response:
        """Send her browser to the server."""
        asked = {
            "client_id": self.client_id,
            "redirect_uri": BACK,
            "response_type": "code",
            "scope": self.scope,
            "state": "s-1",
            "nonce": "n-1",
            "code_challenge": challenge(),
            "code_challenge_method": "S256",
            **more,
        }
        return person.web.get("/v1/auth/authorize", params=asked)

    def token(self, grant: str, **form: str) -> httpx2.Response:
        given = {"grant_type": grant, "client_id": self.client_id, **form}
        return httpx2.post(f"{self._url}/v1/auth/token", data=given)

    def redeems(self, back: dict[str, str]) -> dict[str, Any]:
        answer = self.token(
            "authorization_code", code=back["code"], code_verifier=VERIFIER, redirect_uri=BACK
        )
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def gets(self, path: str, token: str) -> httpx2.Response:
        return httpx2.get(f"{self._url}{path}", headers={"Authorization": f"Bearer {token}"})
