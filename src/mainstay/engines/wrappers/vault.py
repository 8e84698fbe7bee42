"""Root keys wrapped by the transit engine of HashiCorp Vault, or of OpenBao, which speaks the same."""

import asyncio
import base64
from collections.abc import Mapping

from mainstay.engines.model_server import Limits, ModelServer, Pause
from mainstay.ports.ciphers import CipherUnavailable

_LIMITS = Limits(first_byte_s=5.0, between_s=5.0, total_s=10.0, tries_max=3, answer_bytes_max=64 << 10)


class VaultWrapper:
    """Asks Vault at the start, when the root key is replaced, and never in between."""

    def __init__(
        self, url: str, token: str, key: str, *, limits: Limits = _LIMITS, pause: Pause = asyncio.sleep
    ) -> None:
        """Take Vault's address, a token that may use the key, and the key's name in `transit`."""
        self._server = ModelServer(url, token, failure=CipherUnavailable, limits=limits, pause=pause)
        self._key = key

    @property
    def name(self) -> str:
        """Say which key of Vault it is; Vault itself knows the key's versions."""
        return f"vault:{self._key}"

    async def wrap(self, key: bytes) -> bytes:
        """Let Vault encrypt a root key."""
        plain = {"plaintext": base64.b64encode(key).decode()}
        return (await self._asked("encrypt", plain, "ciphertext")).encode()

    async def unwrap(self, wrapped: bytes) -> bytes:
        """Let Vault decrypt a root key."""
        text = await self._asked("decrypt", {"ciphertext": wrapped.decode("ascii", "replace")}, "plaintext")
        try:
            return base64.b64decode(text, validate=True)
        except ValueError:
            raise self._odd() from None

    async def close(self) -> None:
        """Give the connection back."""
        await self._server.close()

    async def _asked(self, verb: str, body: Mapping[str, object], wanted: str) -> str:
        told = await self._server.post(f"/v1/transit/{verb}/{self._key}", body)
        data = told.get("data") if isinstance(told, dict) else None
        text = data.get(wanted) if isinstance(data, dict) else None
        if not isinstance(text, str):
            raise self._odd()
        return text

    def _odd(self) -> CipherUnavailable:
        return CipherUnavailable(
            f"What answers for the key {self._key} is no Vault with a transit engine: check MAINSTAY_VAULT."
        )
