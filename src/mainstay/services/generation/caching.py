"""Answers given again to the very same request: in memory, of one tenant, for a while, bounded."""

import hashlib
import json
from collections import OrderedDict
from dataclasses import dataclass

from mainstay.kit.clock import Clock
from mainstay.services.generation.records import Completion
from mainstay.services.generation.wanted import Wanted

ANSWERS_MAX = 10_000
CHARACTERS_MAX = 64 * 1024 * 1024
_OF_A_TENANT = 4  # nobody has more than a quarter, so that one tenant does not push out all others


@dataclass(frozen=True)
class _Kept:
    answer: Completion
    tenant_id: str
    subject: str
    until_s: float
    size: int


class AnswerCache:
    """Keeps answers; the longest unused go first."""

    def __init__(self, clock: Clock) -> None:
        """Take the clock; nothing is kept."""
        self._clock = clock
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._sizes: dict[str, int] = {}

    @staticmethod
    def key(tenant_id: str, generator: str, wanted: Wanted, version: str) -> str:
        """Give what stands for a request: the same for the same, of one tenant and version of a prompt."""
        told = json.dumps([tenant_id, generator, wanted.told(), version], sort_keys=True)
        return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()

    def __contains__(self, key: object) -> bool:
        """Say whether an answer still holds; to look is not to use it."""
        kept = self._kept.get(key) if isinstance(key, str) else None
        return kept is not None and kept.until_s > self._clock.monotonic_s()

    def find(self, key: str) -> Completion | None:
        """Give an answer that still holds."""
        kept = self._kept.get(key)
        if kept is None:
            return None
        if kept.until_s <= self._clock.monotonic_s():
            self._drop(key)
            return None
        self._kept.move_to_end(key)
        return kept.answer

    def keep(self, key: str, answer: Completion, tenant_id: str, subject: str, seconds: int) -> None:
        """Keep an answer for some seconds, if there is room for it."""
        size = len(answer.text) + sum(len(call.arguments) for call in answer.calls) + len(key)
        if size > CHARACTERS_MAX // _OF_A_TENANT:
            return
        self._drop(key)
        until_s = self._clock.monotonic_s() + seconds
        self._kept[key] = _Kept(answer, tenant_id, subject, until_s, size)
        self._sizes[tenant_id] = self._sizes.get(tenant_id, 0) + size
        while self._sizes.get(tenant_id, 0) > CHARACTERS_MAX // _OF_A_TENANT:
            self._drop(next(name for name, kept in self._kept.items() if kept.tenant_id == tenant_id))
        while len(self._kept) > ANSWERS_MAX or sum(self._sizes.values()) > CHARACTERS_MAX:
            self._drop(next(iter(self._kept)))

    def forget(self, tenant_id: str, subject: str = "") -> None:
        """Drop what a tenant, or somebody of it, asked for."""
        for key, kept in list(self._kept.items()):
            if kept.tenant_id == tenant_id and subject in {"", kept.subject}:
                self._drop(key)

    def _drop(self, key: str) -> None:
        kept = self._kept.pop(key, None)
        if kept is None:
            return
        self._sizes[kept.tenant_id] -= kept.size
        if not self._sizes[kept.tenant_id]:
            del self._sizes[kept.tenant_id]
