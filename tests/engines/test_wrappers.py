"""Every wrapper behind ports.wrappers."""

import base64
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from mainstay.engines.model_server import Limits
from mainstay.engines.wrappers.local import LocalWrapper, key_of
from mainstay.engines.wrappers.vault import VaultWrapper
from mainstay.kit.random import SystemRandom
from mainstay.ports.ciphers import CipherUnavailable
from mainstay.ports.wrappers import Wrapper

ROOT = bytes(reversed(range(32)))
TOKEN = "hvs.a-token-for-tests"


class Vault:
    """A small Vault: the two calls of `transit`, with Vault's form of ciphertexts, and keys that rotate."""

    def __init__(self) -> None:
        self.keys = [AESGCM(bytes(32))]
        self.url = ""
        self.odd: object = None
        self.asked = 0

    async def answer(self, request: web.Request) -> web.Response:
        self.asked += 1
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return web.json_response({"errors": ["permission denied"]}, status=403)
        if request.match_info["key"] != "mainstay":
            return web.json_response({"errors": ["no such key"]}, status=400)
        if self.odd is not None:
            return web.json_response(self.odd)
        body = await request.json()
        if request.match_info["verb"] == "encrypt":
            number = len(self.keys)
            sealed = self.keys[-1].encrypt(bytes(12), base64.b64decode(body["plaintext"]), None)
            told = {"ciphertext": f"vault:v{number}:{base64.b64encode(sealed).decode()}"}
        else:
            _, version, text = body["ciphertext"].split(":")
            plain = self.keys[int(version[1:]) - 1].decrypt(bytes(12), base64.b64decode(text), None)
            told = {"plaintext": base64.b64encode(plain).decode()}
        return web.json_response({"data": told})


@pytest.fixture
async def vault() -> AsyncIterator[Vault]:
    served = Vault()
    app = web.Application()
    app.router.add_post("/v1/transit/{verb}/{key}", served.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    served.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield served
    await runner.cleanup()


async def no_pause(_seconds: float) -> None:
    return


def at(vault: Vault, token: str = TOKEN, key: str = "mainstay") -> VaultWrapper:
    return VaultWrapper(vault.url, token, key, limits=Limits(tries_max=2), pause=no_pause)


@pytest.fixture(params=["local", "vault"])
async def wrapper(request: pytest.FixtureRequest, vault: Vault) -> AsyncIterator[Wrapper]:
    made: Wrapper = at(vault) if request.param == "vault" else LocalWrapper(bytes(32), "file", SystemRandom())
    yield made
    await made.close()


async def test_unwraps_what_it_wrapped(wrapper: Wrapper) -> None:
    wrapped = await wrapper.wrap(ROOT)
    assert ROOT not in wrapped
    assert await wrapper.unwrap(wrapped) == ROOT


async def test_a_key_of_vault_that_was_rotated_still_unwraps(vault: Vault) -> None:
    wrapper = at(vault)
    wrapped = await wrapper.wrap(ROOT)
    vault.keys.append(AESGCM(bytes(range(32))))
    assert await wrapper.unwrap(wrapped) == ROOT
    assert (await wrapper.wrap(ROOT)).startswith(b"vault:v2:")
    await wrapper.close()


@pytest.mark.parametrize(("token", "key"), [("wrong", "mainstay"), (TOKEN, "other")])
async def test_a_vault_that_refuses_is_told_without_the_token(vault: Vault, token: str, key: str) -> None:
    wrapper = at(vault, token, key)
    with pytest.raises(CipherUnavailable, match="refuses") as told:
        await wrapper.wrap(ROOT)
    assert token not in str(told.value)
    await wrapper.close()


@pytest.mark.parametrize(
    "odd", [[], {}, {"data": []}, {"data": {"plaintext": 5}}, {"data": {"plaintext": "é"}}]
)
async def test_what_is_no_vault_is_told(vault: Vault, odd: object) -> None:
    vault.odd = odd
    wrapper = at(vault)
    with pytest.raises(CipherUnavailable, match="no Vault"):
        await wrapper.unwrap(b"vault:v1:x")
    await wrapper.close()


async def test_a_vault_that_is_not_there_is_told() -> None:
    wrapper = VaultWrapper(
        "http://127.0.0.1:9", TOKEN, "mainstay", limits=Limits(tries_max=2), pause=no_pause
    )
    with pytest.raises(CipherUnavailable, match="cannot be reached"):
        await wrapper.wrap(ROOT)
    await wrapper.close()


async def test_another_local_key_does_not_unwrap() -> None:
    wrapped = await LocalWrapper(bytes(32), "file", SystemRandom()).wrap(ROOT)
    for changed in (wrapped, wrapped[:-1], b""):
        with pytest.raises(CipherUnavailable):
            await LocalWrapper(ROOT, "file", SystemRandom()).unwrap(changed)


@pytest.mark.parametrize("text", ["", "short", "!" * 44, base64.b64encode(bytes(31)).decode(), "é" * 44])
def test_a_variable_that_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="it"):
        key_of(text)
    assert key_of(base64.b64encode(ROOT).decode()) == ROOT
