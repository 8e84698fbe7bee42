"""Values for the operations of single sign-on: what identity providers answer has to be made for each."""

import base64
import hashlib
import re
import zlib
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

from mainstay.kit.clock import SystemClock
from oidc_provider import CLIENT, ISSUER, SECRET
from saml_provider import SamlProvider

Made = TypeVar("Made")
SAML = {"kind": "saml", "metadata": SamlProvider().metadata()}
NOWHERE = "nothing_like_this"
MAPPING = {
    "rules": [{"claim": "groups", "value": "staff", "role": "user", "groups": ["board"]}],
    "default_role": "user",
}


def _gone_connection(world: Any, mark: str) -> dict[str, Any]:
    made = world.call("federation.create_connection", name=f"gone {mark}", **SAML)
    return {"connection_id": made["connection_id"]}


def _by_oidc(world: Any, mark: str) -> dict[str, Any]:
    provider = world.running.oidc
    provider.now_ms = SystemClock().now_ms()
    wish = {
        "name": f"o {mark}",
        "kind": "oidc",
        "issuer": ISSUER,
        "client_id": CLIENT,
        "client_secret": SECRET,
    }
    made = world.call("federation.create_connection", **wish, mapping={"default_role": "user"})
    started = world.call("federation.start_sign_in", connection_id=made["connection_id"])
    answer = provider.authorize(started["url"])
    return {"connection_id": made["connection_id"], "attempt": started["attempt"], **answer}


def _by_saml(world: Any, mark: str) -> dict[str, Any]:
    made = world.call("federation.get_connection", connection_id=world.connection_id)
    started = world.call("federation.start_sign_in", connection_id=world.connection_id)
    packed = base64.b64decode(parse_qs(urlsplit(started["url"]).query)["SAMLRequest"][0])
    asked = re.search(r' ID="([^"]+)"', zlib.decompress(packed, wbits=-15).decode())
    assert asked is not None
    provider = SamlProvider(SystemClock().now_ms(), made["acs_url"], made["entity_id"], asked[1])
    document = provider.answer(assertion_id=f"_{hashlib.sha256(asked[1].encode()).hexdigest()}")
    text = base64.b64encode(document).decode()
    return {"connection_id": world.connection_id, "attempt": started["attempt"], "saml_response": text}


def sign_on_samples(sample: Callable[..., Made]) -> dict[str, Made]:
    """Give a sample for each operation."""
    return {
        "federation.create_connection": sample(
            lambda _, mark: {"name": f"c {mark}", **SAML, "mapping": MAPPING},
            {"issuer": "login", "name": "x" * 101},
        ),
        "federation.list_connections": sample(lambda *_: {}),
        "federation.get_connection": sample(
            lambda world, _: {"connection_id": world.connection_id},
            {"connection_id": "no id!"},
            {"connection_id": NOWHERE},
        ),
        "federation.update_connection": sample(
            lambda world, mark: {
                **_gone_connection(world, mark),
                "state": "active",
                "mapping": MAPPING,
                "create_members": True,
            },
            {"mapping": {"default_role": "No Role"}, "connection_id": "a"},
            {"connection_id": NOWHERE},
        ),
        "federation.delete_connection": sample(
            _gone_connection, {"connection_id": "no id!"}, {"connection_id": NOWHERE}
        ),
        "federation.approve_domains": sample(
            lambda world, mark: {
                "tenant_id": world.tenant_id,
                **_gone_connection(world, mark),
                "domains": [],
            },
            {"domains": ["Harbour.Example"], "tenant_id": "a", "connection_id": "a"},
            {"connection_id": NOWHERE},
        ),
        "federation.find_connection": sample(lambda *_: {"email": "ada@ferry.example"}, {"email": "ada"}),
        "federation.start_sign_in": sample(
            lambda world, _: {"connection_id": world.connection_id, "return_to": "/docs"},
            {"return_to": "//evil.example", "connection_id": "a"},
            {"connection_id": NOWHERE},
        ),
        "federation.finish_oidc": sample(
            _by_oidc, {"attempt": "short", "connection_id": "a"}, {"connection_id": NOWHERE}
        ),
        "federation.finish_saml": sample(
            _by_saml, {"attempt": "short", "connection_id": "a"}, {"connection_id": NOWHERE}
        ),
        "federation.get_metadata": sample(
            lambda world, _: {"connection_id": world.connection_id},
            {"connection_id": "no id!"},
            {"connection_id": NOWHERE},
        ),
    }
