"""Asks the door of OAuth as a client does, over the application of a house."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx2

from mainstay.app.house import House
from mainstay.app.server import doors
from makers import ADMIN_KEY

URL = "https://mainstay.example.com"


def basic(client_id: str, secret: str) -> dict[str, str]:
    """Give the header by which a client proves itself."""
    pair = f"{quote(client_id, safe='')}:{quote(secret, safe='')}"
    return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def said(token: str) -> dict[str, Any]:
    """Give what a token says, unchecked."""
    part = token.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found


@dataclass
class Web:
    """A client of the house's doors."""

    http: httpx2.AsyncClient

    async def post(
        self, path: str, form: Mapping[str, Any], headers: Mapping[str, str] | None = None
    ) -> httpx2.Response:
        return await self.http.post(f"/v1/auth/{path}", data=dict(form), headers=dict(headers or {}))

    async def get(self, path: str, token: str = "") -> httpx2.Response:
        return await self.http.get(path, headers=bearer(token) if token else {})

    async def make(self, key: str = ADMIN_KEY, **values: Any) -> Any:
        """Make a client of OAuth."""
        made = await self.http.post("/v1/oauth/clients", json=values, headers=bearer(key))
        assert made.status_code == 201, made.text
        return made.json()

    async def own(self, made: Mapping[str, Any], **more: str) -> httpx2.Response:
        """Ask for a client's own token."""
        form = {"grant_type": "client_credentials", **more}
        return await self.post("token", form, basic(made["client_id"], made["client_secret"]))


def web(house: House) -> Web:
    transport = httpx2.ASGITransport(app=doors(house), client=("192.0.2.9", 4711))
    return Web(httpx2.AsyncClient(transport=transport, base_url=URL))
