"""Models that are open, and what they make of texts."""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from datetime import UTC, date, datetime

import numpy as np
from numpy.typing import NDArray

from mainstay.kernel.work import caller
from mainstay.kit.clock import Clock
from mainstay.ports.ciphers import Cipher
from mainstay.ports.encoder import Encoder
from mainstay.services.assistant.failures import BotModelMissing, ModelStale
from mainstay.services.assistant.model import Model, model_of
from mainstay.services.assistant.plans import Plan, plan_of
from mainstay.services.assistant.records import Definition, Understood
from mainstay.services.assistant.store import BotRow, BotStore
from mainstay.services.assistant.tables import model_place
from mainstay.services.assistant.training import NOTHING
from mainstay.services.assistant.wording import cleaned

OPEN_BYTES_MAX = 256 * 1024 * 1024
_PLANS_MAX = 500
_NEXT = 3


class Models:
    """Opens models when they are asked for; those not asked for the longest are closed first."""

    def __init__(self, store: BotStore, cipher: Cipher, encoder: Encoder, clock: Clock) -> None:
        """Take where models are, what opens them, and what makes vectors."""
        self._store = store
        self._cipher = cipher
        self._encoder = encoder
        self._clock = clock
        self._open: OrderedDict[tuple[str, str, int], Model] = OrderedDict()
        self._plans: OrderedDict[tuple[str, str, int], Plan] = OrderedDict()

    async def plan(self, bot: BotRow) -> Plan:
        """Give what a bot does, made once for each of its revisions."""
        place = (caller().tenant_id, bot.bot_id, bot.revision)
        plan = self._plans.get(place)
        if plan is None:
            plan = await asyncio.to_thread(lambda: plan_of(Definition.model_validate(bot.definition)))
            self._plans[place] = plan
            while len(self._plans) > _PLANS_MAX:
                self._plans.popitem(last=False)
        else:
            self._plans.move_to_end(place)
        return plan

    async def model(self, bot_id: str, version: int) -> Model:
        """Give a model; raises BotModelMissing, or ModelStale when it was learned with another encoder."""
        place = (caller().tenant_id, bot_id, version)
        model = self._open.get(place)
        if model is None:
            content = await self._store.model(bot_id, version)
            if content is None:
                raise BotModelMissing("Get the bot to see which of its models are kept.")
            model = await asyncio.to_thread(self._opened, content, bot_id, version)
            self._open[place] = model
            while len(self._open) > 1 and sum(each.size for each in self._open.values()) > OPEN_BYTES_MAX:
                self._open.popitem(last=False)
        else:
            self._open.move_to_end(place)
        if model.encoder != self._encoder.name:
            raise ModelStale("The encoder was replaced since: train the bot again.")
        return model

    def forget(self, bot_id: str) -> None:
        """Close the models of a bot."""
        gone = [place for place in self._open if place[:2] == (caller().tenant_id, bot_id)]
        for place in gone:
            del self._open[place]

    async def understand(self, bot: BotRow, texts: Sequence[str]) -> list[Understood]:
        """Give what a bot makes of texts; raises EncoderUnavailable."""
        plan, model = await self.plan(bot), await self.model(bot.bot_id, bot.version)
        # One text is cleaned in less time than a thread takes; a thousand would hold everybody up.
        clean = _cleaned(texts) if len(texts) == 1 else await asyncio.to_thread(_cleaned, texts)
        vectors = await self._encoder.embed(clean, role="query")
        today = datetime.fromtimestamp(self._clock.now_ms() / 1000, UTC).date()
        return await asyncio.to_thread(_understood, plan, model, texts, vectors, today)

    def _opened(self, content: bytes, bot_id: str, version: int) -> Model:
        return model_of(self._cipher.open(content, model_place(bot_id, version)))


def scope_threshold(plan: Plan, model: Model) -> float:
    """Give below which scope score a text is out of scope."""
    return model.heads.threshold if plan.fallback.scope is None else plan.fallback.scope


def _cleaned(texts: Sequence[str]) -> list[str]:
    return [cleaned(text) or NOTHING for text in texts]


def _understood(
    plan: Plan, model: Model, texts: Sequence[str], vectors: NDArray[np.float32], today: date
) -> list[Understood]:
    known = model.classifier
    made = known.understand(texts, vectors)
    right, scope = model.heads.right.chance(made.figures), model.heads.known.chance(made.figures)
    threshold = scope_threshold(plan, model)
    order = np.argsort(-made.decisions, axis=1, kind="stable")[:, :_NEXT]
    return [
        Understood(
            intent=known.intents[places[0]],
            confidence=round(float(right[number]), 4),
            out_of_scope=bool(scope[number] < threshold),
            scope_score=round(float(scope[number]), 6),
            alternatives=[known.intents[place] for place in places[1:]],
            entities=plan.finder.find(text, today, plan.built_ins),
        )
        for number, (text, places) in enumerate(zip(texts, order.tolist(), strict=True))
    ]
