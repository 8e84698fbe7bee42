"""Which questions mean the same: of one asker, near by the encoder's vectors, bounded, for a while."""

import hashlib
import json
from collections import OrderedDict
from collections.abc import Container, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mainstay.kit.clock import Clock

QUESTION_CHARACTERS_MAX = 1_000
FAMILY_MAX = 500
QUESTIONS_MAX = 5_000
_OF_A_TENANT = 4

Vector = NDArray[np.float32]


@dataclass(frozen=True)
class Question:
    """A question, and all else of its request by a hash: `family` holds who asks whom, and how."""

    family: str
    tenant_id: str
    subject: str
    vector: Vector
    marks: tuple[str, ...]


@dataclass(frozen=True)
class Near:
    """The key of an answer to a question that means the same, and how near it is."""

    key: str
    similarity: float


@dataclass(frozen=True)
class _Known:
    key: str
    question: Question
    until_s: float


def family_of(parts: Sequence[object]) -> str:
    """Give what stands for all of a request but its question."""
    told = json.dumps(parts, sort_keys=True)
    return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()


class Likenesses:
    """Finds which question was asked before in other words; the longest unused go first."""

    def __init__(self, clock: Clock) -> None:
        """Take the clock; nothing is known."""
        self._clock = clock
        self._families: dict[str, OrderedDict[str, _Known]] = {}
        self._order: OrderedDict[tuple[str, str], str] = OrderedDict()
        self._counts: dict[str, int] = {}

    def __len__(self) -> int:
        """Say how many questions are known."""
        return len(self._order)

    def near(self, question: Question, similarity: float, answers: Container[str]) -> Near | None:
        """Give the nearest question of the same family that is near enough and whose answer still holds."""
        family: OrderedDict[str, _Known] = self._families.get(question.family, OrderedDict())
        now_s = self._clock.monotonic_s()
        for key in [key for key, one in family.items() if one.until_s <= now_s or key not in answers]:
            self._drop(question.family, key)
        known = [each for each in family.values() if each.question.marks == question.marks]
        if not known:
            return None
        cosines = np.stack([each.question.vector for each in known]) @ question.vector
        best = int(np.argmax(cosines))
        if cosines[best] < similarity:
            return None
        family.move_to_end(known[best].key)
        self._order.move_to_end((question.family, known[best].key))
        return Near(known[best].key, round(float(min(cosines[best], 1.0)), 4))

    def keep(self, question: Question, key: str, seconds: int) -> None:
        """Remember that the answer under a key answers a question."""
        self._drop(question.family, key)
        until_s = self._clock.monotonic_s() + seconds
        own = replace(question, vector=np.array(question.vector, np.float32))
        family = self._families.setdefault(question.family, OrderedDict())
        family[key] = _Known(key, own, until_s)
        self._order[question.family, key] = question.tenant_id
        self._counts[question.tenant_id] = self._counts.get(question.tenant_id, 0) + 1
        if len(family) > FAMILY_MAX:
            self._drop(question.family, next(iter(family)))
        while self._counts.get(question.tenant_id, 0) > QUESTIONS_MAX // _OF_A_TENANT:
            self._drop(*next(at for at, tenant in self._order.items() if tenant == question.tenant_id))
        while len(self._order) > QUESTIONS_MAX:
            self._drop(*next(iter(self._order)))

    def forget(self, tenant_id: str, subject: str = "") -> None:
        """Drop what a tenant, or somebody of it, asked."""
        for family, known in list(self._families.items()):
            for key, each in list(known.items()):
                asked = each.question
                if asked.tenant_id == tenant_id and subject in {"", asked.subject}:
                    self._drop(family, key)

    def _drop(self, family: str, key: str) -> None:
        known = self._families.get(family, OrderedDict())
        gone = known.pop(key, None)
        if gone is None:
            return
        if not known:
            del self._families[family]
        del self._order[family, key]
        tenant_id = gone.question.tenant_id
        self._counts[tenant_id] -= 1
        if not self._counts[tenant_id]:
            del self._counts[tenant_id]
