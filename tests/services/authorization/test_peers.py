"""Clients that are not ours, over a socket: the official MCP client, and Authlib's."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2
import pytest
from authlib.integrations.requests_client import OAuth2Session
from joserfc import jwt
from joserfc.jwk import KeySet
from mcp.client import Client
from mcp.client.auth import AuthorizationCodeResult, OAuthClientProvider, TokenStorage
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import OAuthClientInformationFull, OAuthClientMetadata, OAuthToken

from services.authorization.approving import VERIFIER
from services.authorization.browsing import BACK, Person
from transports.real_house import Running, running


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("peers") / "data", "127.0.0.1") as opened:
        yield opened


def approved(served: Running, key: str, url: str) -> dict[str, str]:
    """Approve what a browser was sent to ask for; give what the client is sent back."""
    parts = urlsplit(url)
    assert url.startswith(f"{served.url}/v1/auth/authorize?")
    asked = dict(parse_qsl(parts.query))
    assert asked.pop("response_type") == "code"
    headers = {"Authorization": f"Bearer {key}"}
    answer = httpx2.post(f"{served.url}/v1/auth/authorizations", json=asked, headers=headers)
    assert answer.status_code == 200, answer.text
    sent = str(answer.json()["redirect_to"])
    assert sent.startswith(BACK)
    return dict(parse_qsl(urlsplit(sent).query))


@dataclass
class Kept(TokenStorage):
    """Keeps what an MCP client was given."""

    tokens: OAuthToken | None = None
    client: OAuthClientInformationFull | None = None

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.client = client_info


def test_the_mcp_door_says_where_tokens_are_made(served: Running) -> None:
    answer = httpx2.post(f"{served.url}/mcp")
    where = f'resource_metadata="{served.url}/.well-known/oauth-protected-resource/mcp"'
    assert (answer.status_code, where in answer.headers["www-authenticate"]) == (401, True)


async def test_an_mcp_client_lets_a_person_sign_in(served: Running) -> None:
    served.call("knowledge.create_collection", name="guides")
    kept, asked = Kept(), []
    with Person(served, "mcp@example.com") as person:
        user = person.joins("developer")

        async def open_browser(url: str) -> None:
            asked.append(url)

        async def come_back() -> AuthorizationCodeResult:
            return AuthorizationCodeResult(**person.agrees(person.signs_in(person.web.get(asked[-1]))))

        metadata = OAuthClientMetadata(client_name="Assistant", redirect_uris=[BACK])  # type: ignore[list-item]
        auth = OAuthClientProvider(f"{served.url}/mcp", metadata, kept, open_browser, come_back)
        async with httpx2.AsyncClient(auth=auth, timeout=30) as http:
            async with Client(streamable_http_client(f"{served.url}/mcp", http_client=http)) as client:
                found = await client.call_tool("knowledge_list_collections", {})
                me = await client.call_tool("identity_whoami", {})
            assert "guides" in [each["name"] for each in found.structured_content["result"]]
            assert me.structured_content["subject"] == user["id"]
            served.call("people.deactivate_user", user_id=user["id"])
            assert kept.tokens is not None
            headers = {"Authorization": f"Bearer {kept.tokens.access_token}"}
            assert httpx2.post(f"{served.url}/mcp", headers=headers).status_code == 401
    assert len(asked) == 1


async def test_an_mcp_client_logs_in_by_itself(served: Running) -> None:
    key = served.call("identity.create_key", name="somebody", role="developer")["key"]
    served.call("knowledge.create_collection", name="handbook")
    kept, asked = Kept(), []

    async def open_browser(url: str) -> None:
        asked.append(url)

    async def come_back() -> AuthorizationCodeResult:
        return AuthorizationCodeResult(**approved(served, key, asked[-1]))

    metadata = OAuthClientMetadata(client_name="Assistant", redirect_uris=[BACK])  # type: ignore[list-item]
    auth = OAuthClientProvider(f"{served.url}/mcp", metadata, kept, open_browser, come_back)
    async with (
        httpx2.AsyncClient(auth=auth, timeout=30) as http,
        Client(streamable_http_client(f"{served.url}/mcp", http_client=http)) as client,
    ):
        tools = {tool.name for tool in (await client.list_tools()).tools}
        found = await client.call_tool("knowledge_list_collections", {})
        refused = await client.call_tool("knowledge_create_collection", {"name": "mine"})
    assert len(asked) == 1
    assert "handbook" in [each["name"] for each in found.structured_content["result"]]
    assert "knowledge_search" in tools
    assert "knowledge_create_collection" not in tools
    assert refused.structured_content["code"] == "PermissionMissing"
    assert kept.client is not None
    assert kept.client.client_secret is None
    assert kept.tokens is not None
    assert kept.tokens.refresh_token


def described(served: Running) -> dict[str, Any]:
    found: dict[str, Any] = httpx2.get(f"{served.url}/.well-known/openid-configuration").json()
    return found


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_authlib_gets_a_token_of_its_own(served: Running, method: str) -> None:
    made = served.call("authorization.create_client", name=method, role="user")
    server = described(served)
    with OAuth2Session(
        made["client_id"], made["client_secret"], token_endpoint_auth_method=method
    ) as session:
        told = session.fetch_token(
            server["token_endpoint"], grant_type="client_credentials", scope="jobs:read"
        )
        assert told["scope"] == "jobs:read"
        assert session.get(f"{served.url}/v1/jobs").status_code == 200
        looked = session.introspect_token(server["introspection_endpoint"], token=told["access_token"])
        assert looked.json()["active"] is True
        out = session.revoke_token(server["revocation_endpoint"], token=told["access_token"])
        assert out.status_code == 200
        assert session.get(f"{served.url}/v1/jobs").status_code == 401


@pytest.mark.parametrize("confidential", [True, False])
def test_authlib_acts_in_somebodys_name(served: Running, confidential: bool) -> None:
    key = served.call("identity.create_key", name="somebody", role="user")
    made = served.call(
        "authorization.create_client", name="App", redirect_uris=[BACK], confidential=confidential
    )
    server = described(served)
    method = "client_secret_basic" if confidential else "none"
    with OAuth2Session(
        made["client_id"],
        made.get("client_secret"),
        token_endpoint_auth_method=method,
        scope="openid jobs:read",
        redirect_uri=BACK,
        code_challenge_method="S256",
    ) as session:
        url, state = session.create_authorization_url(
            server["authorization_endpoint"], code_verifier=VERIFIER, nonce="n-1"
        )
        back = approved(served, key["key"], url)
        assert (back["state"], back["iss"]) == (state, server["issuer"])
        told = session.fetch_token(server["token_endpoint"], code=back["code"], code_verifier=VERIFIER)
        keys = KeySet.import_key_set(httpx2.get(server["jwks_uri"]).json())
        claims = jwt.decode(told["id_token"], keys, algorithms=["ES256"]).claims
        assert (claims["nonce"], claims["aud"], claims["iss"]) == ("n-1", made["client_id"], server["issuer"])
        assert session.get(server["userinfo_endpoint"]).json()["sub"] == claims["sub"] == key["key_id"]
        renewed = session.refresh_token(server["token_endpoint"], refresh_token=told["refresh_token"])
        assert renewed["refresh_token"] != told["refresh_token"]
        assert session.get(f"{served.url}/v1/me").status_code == 200
