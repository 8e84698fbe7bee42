"""What a key for each tenant and person costs: sealing and opening beside bare AES-256-GCM, medians of 7.

    python benchmarks/sealing.py

The peer is AESGCM of `cryptography` with one key, in alternating repeats; a passage has 900 bytes, a search
opens about ten.
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from mainstay.engines.ciphers.envelope import EnvelopeCipher, NoEarlierKey
from mainstay.engines.ciphers.ring import DataKeys
from mainstay.engines.keystores.sqlite import SqliteKeyStore
from mainstay.engines.wrappers.local import LocalWrapper
from mainstay.kit.clock import SystemClock
from mainstay.kit.random import SystemRandom

_REPEATS = 7
_CALLS = 20_000
_PEOPLE = 300
_PASSAGE = b"p" * 900
_CONTEXT = ("passages", "tenant_bench", "a-place")


def _each_us(action: Callable[[], object], calls: int = _CALLS) -> float:
    started = time.perf_counter()
    for _ in range(calls):
        action()
    return (time.perf_counter() - started) / calls * 1e6


def _beside(name: str, ours: Callable[[], object], bare: Callable[[], object]) -> None:
    pairs = [(_each_us(ours), _each_us(bare)) for _ in range(_REPEATS)]
    took, peer = (statistics.median(column) for column in zip(*pairs, strict=True))
    print(f"{name:<8} {took:6.2f} us, bare {peer:5.2f} us, ratio {took / peer:.2f}")


async def main() -> None:
    """Measure."""
    random = SystemRandom()
    with tempfile.TemporaryDirectory() as folder:
        store = SqliteKeyStore(Path(folder) / "keys.db")
        ring = DataKeys(store, [LocalWrapper(bytes(32), "file", random)], SystemClock(), random)
        await ring.open()
        cipher, bare, nonce = EnvelopeCipher(ring, NoEarlierKey(), random), AESGCM(bytes(32)), bytes(12)
        sealed, plain = cipher.seal(_PASSAGE, _CONTEXT), bare.encrypt(nonce, _PASSAGE, b"context")
        _beside(
            "seal",
            lambda: cipher.seal(_PASSAGE, _CONTEXT),
            lambda: bare.encrypt(random.token(12), _PASSAGE, b"context"),
        )
        _beside(
            "open",
            lambda: cipher.open(sealed, _CONTEXT),
            lambda: bare.decrypt(nonce, plain, b"context"),
        )
        people = [f"tenant_bench/user_{number}" for number in range(_PEOPLE)]
        started = time.perf_counter()
        contents = [cipher.seal(b"a name", _CONTEXT, owner=owner) for owner in people]
        made_ms = (time.perf_counter() - started) / _PEOPLE * 1e3
        ring.refuse([])  # which forgets all keys
        started = time.perf_counter()
        for content in contents:
            cipher.open(content, _CONTEXT)
        loaded_ms = (time.perf_counter() - started) / _PEOPLE * 1e3
        print(f"a person's first seal, the key made durably: {made_ms:.2f} ms")
        print(f"a person's first open, the key read and unwrapped: {loaded_ms:.3f} ms")
        await ring.close()


if __name__ == "__main__":
    asyncio.run(main())
