"""An OpenID Connect client that is not ours walks every flow: openid-client, which Node runs."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from services.authorization.browsing import BACK, Person
from transports.real_house import Running, running

PEERS = Path(__file__).parents[2] / "peers"
NODE = shutil.which("node")


@pytest.fixture(autouse=True)
def _peer() -> None:
    if NODE is None or not (PEERS / "node_modules" / "openid-client").is_dir():
        message = "Node, or what `npm ci` installs in tests/peers, is missing"
        if os.environ.get("MAINSTAY_REQUIRE_SERVICES") == "1":
            pytest.fail(message)
        pytest.skip(message)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("peers") / "data", "127.0.0.1") as opened:
        yield opened


class Peer:
    """The client, which tells each of its steps."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def hears(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    def tells(self, step: str) -> Any:
        """Read its next step, which has to be this one; gives what it tells of it."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, f"it ended before {step}"
        found = json.loads(line)
        assert found["step"] == step
        return found["told"]


@pytest.fixture
def peer() -> Iterator[Peer]:
    pipe = subprocess.PIPE
    assert NODE is not None
    script = str(PEERS / "openid_client.mjs")
    with subprocess.Popen(  # noqa: S603 - our own script
        [NODE, script], stdin=pipe, stdout=pipe, text=True
    ) as process:
        try:
            yield Peer(process)
        finally:
            process.kill()


@pytest.mark.parametrize("confidential", [True, False])
def test_openid_client_is_content(served: Running, peer: Peer, confidential: bool) -> None:
    email = f"{'web' if confidential else 'desktop'}@example.com"
    values: dict[str, Any] = {"name": "App", "redirect_uris": [BACK], "confidential": confidential}
    if confidential:
        values |= {"role": "user", "grants": ["authorization_code", "refresh_token", "client_credentials"]}
    app = served.call("authorization.create_client", **values)
    asked = {"issuer": served.url, "id": app["client_id"], "secret": app["client_secret"], "back": BACK}
    with Person(served, email) as person:
        user = person.joins("user")
        peer.hears(json.dumps({**asked, "scope": "openid profile email jobs:read"}))
        page = person.signs_in(person.web.get(peer.tells("authorize")))
        peer.hears(person.agrees_and_goes(page))
        claims = peer.tells("claims")
        told = {"sub": user["id"], "name": "Ada", "email": email, "email_verified": True}
        assert told.items() <= claims.items()
        assert claims["auth_time"] <= claims["iat"]
        assert told.items() <= peer.tells("userinfo").items()
        assert peer.tells("renewed") == {"other": True, "sub": user["id"]}
        if confidential:
            looked = peer.tells("introspected")
            assert (looked["active"], looked["sub"]) == (True, user["id"])
            own = peer.tells("own")
            assert (own["active"], own["sub"], own["scope"]) == (True, app["client_id"], "jobs:read")
        assert (peer.tells("used"), peer.tells("revoked")) == (200, 401)
        left = person.web.get(peer.tells("logout"))
        assert left.headers["location"] == f"{BACK}?state=out"
        assert person.session == ""
        peer.hears("")
        assert peer.tells("ended") == 400
