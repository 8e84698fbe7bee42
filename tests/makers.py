"""Makes houses, callers and encoders for tests: real parts, but for the encoder and the clock."""

import asyncio
import hashlib
import re
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from mainstay.app.foundations import Engines, picked
from mainstay.app.house import House
from mainstay.app.settings import Settings
from mainstay.engines.database.migrate import upgrade_sqlite
from mainstay.engines.passwords.argon2 import Argon2Passwords
from mainstay.kernel.caller import Credential
from mainstay.kernel.dispatch import Answer, Message
from mainstay.kernel.interface import Operation
from mainstay.kit.random import SystemRandom
from mainstay.kit.spending import spend
from mainstay.ports.chat import ChatModel, Conversation, Ended, Piece, Words
from mainstay.ports.encoder import Lane, Role, Tokens
from mainstay.ports.failures import TokensUnavailable
from mainstay.ports.learners import Features, Linear, Loss
from mainstay.ports.mailers import Mail, MailUnavailable

ADMIN_KEY = "an-administrators-key-for-tests-only-0001"
UNDONE = "(state = 'running' OR (state = 'waiting' AND (attempts > 0 OR due_ms < created_ms + 3000000)))"
"""Which events are on their way, but for those that are to wait for an hour or more."""
_WORD = re.compile(r"\w+")


class FrozenClock:
    """A clock that only moves when it is told to."""

    def __init__(self, now_ms: int = 1_790_000_000_000) -> None:
        self.ms = now_ms

    def now_ms(self) -> int:
        return self.ms

    def monotonic_s(self) -> float:
        return self.ms / 1000

    def move(self, seconds: float) -> None:
        self.ms += round(seconds * 1000)


class WordEncoder:
    """An encoder without a model: texts that share words are near. It counts what it encodes."""

    name = "words-64"
    dimensions = 64
    tokens_max = 256

    def __init__(self) -> None:
        self.encoded: list[str] = []

    def knows(self, language: str) -> bool:
        return language == "en"

    def count_tokens(self, text: str) -> int:
        return len(_WORD.findall(text))

    async def embed(
        self, texts: Sequence[str], *, role: Role = "passage", lane: Lane = "query"
    ) -> NDArray[np.float32]:
        if lane == "ingest":
            self.encoded += texts
        spend(sum(map(self.count_tokens, texts)))
        rows = [self._row(text) for text in texts]
        return np.stack(rows) if rows else np.zeros((0, self.dimensions), np.float32)

    def _row(self, text: str) -> NDArray[np.float32]:
        row = np.full(self.dimensions, 0.01, np.float32)
        for word in _WORD.findall(text.casefold())[: self.tokens_max]:
            seed = int.from_bytes(hashlib.blake2s(word.encode(), digest_size=4).digest())
            row += np.random.default_rng(seed).standard_normal(self.dimensions).astype(np.float32)
        return row / np.linalg.norm(row)

    async def embed_tokens(
        self, texts: Sequence[str], *, role: Role = "passage", lane: Lane = "query"
    ) -> list[Tokens]:
        raise TokensUnavailable

    async def close(self) -> None:
        return None


@dataclass
class Mailbox:
    """A mailer that keeps what it sends; it may be down."""

    sent: list[Mail] = field(default_factory=list)
    down: bool = False

    async def send(self, mail: Mail) -> None:
        if self.down:
            raise MailUnavailable
        self.sent.append(mail)

    async def close(self) -> None:
        return None

    async def forget(self, about: Collection[str]) -> int:
        kept = [mail for mail in self.sent if mail.about not in about]
        gone, self.sent = len(self.sent) - len(kept), kept
        return gone

    def code(self, to: str) -> str:
        """Give the code of the last mail to an address that has one."""
        texts = [mail.text for mail in self.sent if mail.to == to]
        found = [code for text in texts for code in re.findall(r"\?code=(\w+)", text)]
        assert found, texts
        return str(found[-1])


@dataclass
class Client:
    """Walks the road as somebody."""

    house: House
    key: str
    headers: dict[str, str]

    def operation(self, name: str) -> Operation:
        return next(each for each in self.house.application.operations if each.full_name == name)

    def message(
        self, read: Callable[[], Awaitable[Mapping[str, Any]]], idempotency_key: str | None = None
    ) -> Message:
        return Message(
            Credential(self.key, "test"), read, "req_test", "test", idempotency_key=idempotency_key
        )

    async def answer(self, operation: str, /, *, idempotency_key: str | None = None, **values: Any) -> Answer:
        async def read() -> Mapping[str, Any]:
            return values

        message = self.message(read, idempotency_key)
        try:
            return await self.house.application.dispatch(self.operation(operation), message)
        finally:
            self.headers = message.headers

    async def call(self, operation: str, /, **values: Any) -> Any:
        return (await self.answer(operation, **values)).value


class Echo:
    """A generator that says the last question again, so that houses of tests have one."""

    models = (ChatModel("echo", "echo-1"),)

    async def stream(self, name: str, conversation: Conversation) -> AsyncIterator[Piece]:
        said = next(each.content for each in reversed(conversation.messages) if each.role == "user")
        yield Words(said)
        yield Ended("stop", len(said), len(said))

    async def close(self) -> None:
        return None


class FitsHere:
    """The learner in this process, loaded late: a child for each house of the tests would take seconds."""

    async def fit(
        self, features: Features, labels: NDArray[np.int64], *, loss: Loss = "hinge", strength: float = 1.0
    ) -> Linear:
        fitted = import_module("mainstay.engines.learners.scikit").fitted
        return cast("Linear", await asyncio.to_thread(fitted, features, labels, loss, strength))

    async def close(self) -> None:
        return None


def engines_for(settings: Settings, **given: Any) -> Engines:
    """Pick the engines of these settings, but for those that are given, and hash passwords in no time."""
    clock, random = given.pop("clock"), SystemRandom()
    stands_in = settings.model_copy(update={"encoder": "http://127.0.0.1:9"})
    chosen = picked(stands_in, clock, random)
    echo = {} if getattr(chosen.chats, "models", ()) else {"chats": Echo()}
    quick = Argon2Passwords(random, memory_kib=64, passes=1)
    real = {"encoder": WordEncoder(), "passwords": quick, "learner": FitsHere()}
    return replace(chosen, **{**real, **echo, **given})


@cache
def _migrated() -> bytes:
    """Give the file of an empty database with all versions applied."""
    with tempfile.TemporaryDirectory() as folder:
        upgrade_sqlite(Path(folder) / "empty.db")
        return (Path(folder) / "empty.db").read_bytes()


def _begun(folder: Path) -> None:
    """Put an empty database where none is: applying all versions takes as long as the rest of a house."""
    database = folder / "mainstay.db"
    if not database.exists():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        database.write_bytes(_migrated())


@asynccontextmanager
async def opened_house(folder: Path, **given: Any) -> AsyncIterator[House]:
    """Open a house on a folder; settings and engines may be given by name, a text being a setting."""
    named = [name for name in Engines.__dataclass_fields__ if not isinstance(given.get(name, ""), str)]
    engines = {name: given.pop(name) for name in named}
    clock = given.pop("clock", None)
    settings = Settings(data=folder, **{"admin_key": ADMIN_KEY, **given})
    from_settings = engines_for(settings, clock=clock or FrozenClock(), **engines)
    if not settings.database:
        _begun(folder)
    async with House(settings, from_settings, clock=clock) as house:
        yield house


def client(house: House, key: str = ADMIN_KEY) -> Client:
    return Client(house, key, {})


async def tenant_client(house: House, name: str, role: str = "admin", groups: Sequence[str] = ()) -> Client:
    """Make another tenant, and a client with a key of it."""
    operator = client(house)
    tenant = await operator.call("identity.create_tenant", name=name)
    key = await operator.call(
        "identity.create_tenant_key",
        tenant_id=tenant.tenant_id,
        name=f"{name} {role}",
        role=role,
        groups=list(groups),
    )
    return client(house, key.key)


def spoiled(secret: str) -> str:
    """Give a secret with another last character, whatever the last one is."""
    return secret[:-1] + ("1" if secret.endswith("0") else "0")
