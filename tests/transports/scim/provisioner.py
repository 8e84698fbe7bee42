"""Speaks SCIM to a house as an identity provider does."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2

from mainstay.app.house import House
from mainstay.app.server import doors

URL = "https://ai.example.com/scim/v2"
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
WORK = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
SEARCH = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"


@dataclass
class Provisioner:
    """An identity provider with its key."""

    http: httpx2.AsyncClient

    async def ask(self, method: str, path: str, body: Any = None, **headers: str) -> httpx2.Response:
        """Send a request; a body as JSON, in SCIM's media type."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None:
            named.setdefault("Content-Type", "application/scim+json")
        return await self.http.request(method, URL + path, json=body, headers=named)

    async def made(self, path: str, body: Any) -> Any:
        """Make something; give it."""
        answer = await self.ask("POST", path, body)
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def found(self, path: str, **query: Any) -> Any:
        """Read something; give it."""
        answer = await self.http.get(URL + path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def patched(self, path: str, *operations: Any, **headers: str) -> httpx2.Response:
        """Send a PATCH."""
        return await self.ask("PATCH", path, {"schemas": [PATCH], "Operations": list(operations)}, **headers)

    async def user(self, name: str = "ada@example.com", **more: Any) -> Any:
        """Make a user."""
        return await self.made("/Users", {"schemas": [USER], "userName": name, **more})

    async def group(self, name: str, *members: str, **more: Any) -> Any:
        """Make a group."""
        inside = [{"value": each} for each in members]
        return await self.made(
            "/Groups", {"schemas": [GROUP], "displayName": name, "members": inside, **more}
        )


@asynccontextmanager
async def provisioner(house: House, key: str) -> AsyncIterator[Provisioner]:
    """Speak to a house with a key; with an empty one, without any."""
    transport = httpx2.ASGITransport(app=doors(house), client=("192.0.2.7", 4711))
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    async with httpx2.AsyncClient(transport=transport, headers=headers) as http:
        yield Provisioner(http)
