"""Signing in through programs of others: oidc-provider and samlify, which Node runs."""

import asyncio
import base64
import json
import os
import re
import shutil
from collections.abc import AsyncIterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import aiohttp
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from mainstay.engines.fetchers.http import HttpFetcher
from mainstay.kit.clock import SystemClock
from makers import FrozenClock, opened_house
from oidc_provider import OidcProvider
from saml_provider import ENTITY, SIGN_IN, rsa_key
from services.federation.conftest import PUBLIC, Site, site_of

PEERS = Path(__file__).parents[2] / "peers"
NODE = shutil.which("node")


@pytest.fixture(autouse=True)
def _peers() -> None:
    if NODE is None or not (PEERS / "node_modules").is_dir():
        message = "Node, or what `npm ci` installs in tests/peers, is missing"
        if os.environ.get("MAINSTAY_REQUIRE_SERVICES"):
            pytest.fail(message)
        pytest.skip(message)


async def run(script: str, *given: str) -> asyncio.subprocess.Process:
    pipe = asyncio.subprocess.PIPE
    assert NODE is not None
    return await asyncio.create_subprocess_exec(
        NODE, str(PEERS / script), *given, stdin=pipe, stdout=pipe, stderr=asyncio.subprocess.DEVNULL
    )


@pytest.mark.parametrize("both", [False, True], ids=["assertion", "assertion and response"])
async def test_samlify_signs_somebody_in(site: Site, *, both: bool) -> None:
    made = await site.connect_saml(state="test")
    started = await site.ask("start_sign_in", connection_id=made.connection_id)
    key = rsa_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    asked = {
        "now_ms": site.clock.now_ms(),
        "entity_id": ENTITY,
        "sign_in_url": SIGN_IN,
        "certificate": site.saml.trusted[0],
        "key": key,
        "service": (await site.ask("get_metadata", connection_id=made.connection_id)).xml,
        "request": parse_qs(urlsplit(started.url).query)["SAMLRequest"][0],
        "both": both,
        "name": "grace@harbour.example",
        "group": "board",
    }
    peer = await run("saml.mjs")
    out, _ = await asyncio.wait_for(peer.communicate(json.dumps(asked).encode()), 30)
    told = json.loads(out)
    assert base64.b64decode(told["response"]).count(b"<ds:Signature ") == (2 if both else 1)
    assert told["issuer"] == made.entity_id
    values = {"attempt": started.attempt, "saml_response": told["response"]}
    arrival = await site.ask("finish_saml", connection_id=made.connection_id, **values)
    assert (arrival.subject, arrival.role, arrival.groups) == ("grace@harbour.example", "admin", ["board"])
    changed = await site.admin.call(
        "federation.update_connection", connection_id=made.connection_id, metadata=told["metadata"]
    )
    assert changed.certificates == made.certificates


class Form(HTMLParser):
    """Finds the form of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.action, self.fields = "", dict[str, str]()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form" and not self.action:
            self.action = given["action"]
        elif tag == "input" and given.get("name"):
            self.fields[given["name"]] = given.get("value", "")


async def through(url: str, redirect_uri: str) -> dict[str, str]:
    """Do what a person does at the provider's pages; give what the browser brings back."""
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(cookie_jar=jar) as browser:
        method, fields = "GET", dict[str, str]()
        for _ in range(12):
            async with browser.request(method, url, data=fields or None, allow_redirects=False) as answer:
                target, page = answer.headers.get("Location"), await answer.text()
            method, fields = "GET", {}
            if target is not None:
                url = urljoin(url, target)
                if url.startswith(redirect_uri):
                    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
                continue
            form = Form(page)
            assert form.action, re.sub(r"<style.*?</style>", "", page, flags=re.DOTALL)[:500]
            url, method = urljoin(url, form.action), "POST"
            fields = {**form.fields, **({"login": "ada", "password": "x"} if "login" in form.fields else {})}
    raise AssertionError("the provider asks and asks")


@pytest.fixture
async def real_site(tmp_path: Path) -> AsyncIterator[Site]:
    """Give a house with the real fetcher and clock."""
    clock: Any = SystemClock()
    fetcher = HttpFetcher(allow_private=True)
    async with opened_house(tmp_path / "data", clock=clock, fetcher=fetcher, public_url=PUBLIC) as house:
        yield await site_of(house, FrozenClock(clock.now_ms()), OidcProvider(clock.now_ms()))


async def ask(method: str, url: str, values: dict[str, Any], key: str = "") -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, url, json=values, headers=headers) as answer,
    ):
        told: dict[str, Any] = await answer.json()
        assert answer.status < 300, told
        return told


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
async def test_oidc_provider_signs_somebody_in(real_site: Site, algorithm: str) -> None:
    site, peer = real_site, await run("oidc.mjs", algorithm)
    assert peer.stdout is not None
    assert peer.stdin is not None
    try:
        issuer = (await asyncio.wait_for(peer.stdout.readline(), 30)).decode().strip()
        wish = {"redirect_uris": ["https://later.example/"], "id_token_signed_response_alg": algorithm}
        client = await ask("POST", f"{issuer}/reg", wish)
        made = await site.connect_oidc(
            issuer=issuer, client_id=client["client_id"], client_secret=client["client_secret"]
        )
        unchanged = {name: client[name] for name in ("client_id", "client_secret")}
        put = {**wish, **unchanged, "redirect_uris": [made.redirect_uri]}
        key = client["registration_access_token"]
        await ask("PUT", client["registration_client_uri"], put, key)
        started = await site.ask("start_sign_in", connection_id=made.connection_id, return_to="/docs")
        answer = await through(started.url, made.redirect_uri)
        values = {"connection_id": made.connection_id, "attempt": started.attempt}
        arrival = await site.ask("finish_oidc", **values, **answer)
    finally:
        peer.stdin.close()
        await asyncio.wait_for(peer.wait(), 30)
    assert (arrival.subject, arrival.email) == ("ada", "ada@harbour.example")
    assert (arrival.role, arrival.groups, arrival.return_to) == ("admin", ["board"], "/docs")
