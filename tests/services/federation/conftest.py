"""A house whose network is one OpenID Connect provider, and connections to it and to a SAML provider."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mainstay.app.house import House
from mainstay.kernel.dispatch import Message
from makers import Client, FrozenClock, client, opened_house
from oidc_provider import CLIENT, ISSUER, SECRET, OidcProvider
from saml_provider import SamlProvider

PUBLIC = "https://mainstay.example"
MAPPING = {
    "rules": [
        {"claim": "groups", "value": "board", "role": "admin", "groups": ["board"]},
        {"claim": "groups", "value": "staff", "role": "developer", "groups": ["staff"]},
    ]
}


@dataclass
class Site:
    """A house, its administrator, and who vouches for its people."""

    house: House
    admin: Client
    clock: FrozenClock
    oidc: OidcProvider
    saml: SamlProvider
    tenant_id: str

    async def ask(self, name: str, /, **values: Any) -> Any:
        """Ask as a stranger."""

        async def read() -> dict[str, Any]:
            return values

        message = Message(None, read, "req_test", "test", "192.0.2.1")
        operation = self.admin.operation(f"federation.{name}")
        return (await self.house.application.dispatch(operation, message)).value

    async def connect_oidc(self, **values: Any) -> Any:
        """Connect the OpenID Connect provider."""
        given = {"name": "Directory", "kind": "oidc", "issuer": ISSUER, "client_id": CLIENT}
        wish = {**given, "client_secret": SECRET, "mapping": MAPPING, **values}
        return await self.admin.call("federation.create_connection", **wish)

    async def connect_saml(self, **values: Any) -> Any:
        """Connect the SAML identity provider."""
        wish = {
            "name": "Harbour",
            "kind": "saml",
            "metadata": self.saml.metadata(),
            "mapping": MAPPING,
            **values,
        }
        made = await self.admin.call("federation.create_connection", **wish)
        self.saml.acs_url, self.saml.audience = made.acs_url, made.entity_id
        return made


@pytest.fixture
async def site(tmp_path: Path, clock: FrozenClock) -> AsyncIterator[Site]:
    provider = OidcProvider(clock.now_ms())
    async with opened_house(tmp_path / "data", clock=clock, fetcher=provider, public_url=PUBLIC) as house:
        yield await site_of(house, clock, provider)


async def site_of(house: House, clock: FrozenClock, provider: OidcProvider) -> Site:
    """Give what stands in a house."""
    admin = client(house)
    me = await admin.call("identity.whoami")
    return Site(house, admin, clock, provider, SamlProvider(clock.now_ms()), me.tenant_id)
