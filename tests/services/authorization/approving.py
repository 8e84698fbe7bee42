"""An app that asks for authorization, and somebody who approves it with an API key."""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2

from makers import ADMIN_KEY
from services.authorization.asking import Web, basic, bearer

BACK = "https://app.example.com/back"
VERIFIER = "a-code-verifier-of-the-tests-that-is-long-enough-43"


def challenge(verifier: str = VERIFIER) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def answered(location: str) -> dict[str, str]:
    """Give what an answer says that was sent to a redirect address."""
    return dict(parse_qsl(urlsplit(location).query))


@dataclass
class App:
    """A client that acts in somebody's name."""

    web: Web
    made: Mapping[str, Any]

    @property
    def client_id(self) -> str:
        return str(self.made["client_id"])

    def asks(self, **more: str) -> dict[str, str]:
        """Give what the app asks for."""
        asked = {
            "client_id": self.client_id,
            "redirect_uri": BACK,
            "code_challenge": challenge(),
            "code_challenge_method": "S256",
            **more,
        }
        return {name: value for name, value in asked.items() if value}

    async def approved(self, key: str = ADMIN_KEY, **more: str) -> httpx2.Response:
        """Let somebody approve it."""
        asked = self.asks(**more)
        return await self.web.http.post("/v1/auth/authorizations", json=asked, headers=bearer(key))

    async def code(self, key: str = ADMIN_KEY, **more: str) -> str:
        approved = await self.approved(key, **more)
        assert approved.status_code == 200, approved.text
        return str(approved.json()["authorization_code"])

    async def ask(self, grant: str, **form: str) -> httpx2.Response:
        """Ask for tokens, as a public client or with the secret."""
        secret = self.made.get("client_secret")
        headers = basic(self.client_id, secret) if secret else {}
        proof = {} if secret else {"client_id": self.client_id}
        return await self.web.post("token", {"grant_type": grant, **proof, **form}, headers)

    async def redeem(self, code: str, **more: str) -> httpx2.Response:
        form = {"code": code, "code_verifier": VERIFIER, "redirect_uri": BACK, **more}
        return await self.ask("authorization_code", **{name: each for name, each in form.items() if each})

    async def refresh(self, token: str, **more: str) -> httpx2.Response:
        return await self.ask("refresh_token", refresh_token=token, **more)

    async def tokens(self, key: str = ADMIN_KEY, **more: str) -> dict[str, Any]:
        """Get tokens of somebody."""
        answer = await self.redeem(await self.code(key, **more))
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found


async def app(web: Web, *, confidential: bool = False, **more: Any) -> App:
    values = {"name": "App", "redirect_uris": [BACK], "confidential": confidential, **more}
    return App(web, await web.make(**values))
