"""Training by schedule: every so many hours, where there is something new; each time a job of its own."""

from dataclasses import replace

from mainstay.kernel.work import emit
from mainstay.kit.clock import Clock
from mainstay.kit.ids import Ids
from mainstay.services.assistant.bots import Bots, announce
from mainstay.services.assistant.failures import BotBusy, BotMissing
from mainstay.services.assistant.happenings import TrainingDue
from mainstay.services.assistant.records import Definition
from mainstay.services.assistant.schedules import scheduled
from mainstay.services.assistant.store import BotStore


class Retraining:
    """Goes the rounds of bots that are trained by schedule."""

    def __init__(self, bots: Bots, store: BotStore, clock: Clock, ids: Ids) -> None:
        """Take the parts."""
        self._bots = bots
        self._store = store
        self._clock = clock
        self._ids = ids

    async def learn(self, event: TrainingDue) -> None:
        """Train a bot, unless it was deleted meanwhile, or has just learned what was decided until then."""
        try:
            row = await self._bots.existing(event.bot_id)
            fresh = await self._bots.decided(event.bot_id)
            if event.reason == "corrections" and 0 < fresh < row.definition["retrain_after"]:
                return
            await self._bots.train(event.bot_id, forced=event.forced, reason=event.reason)
        except BotMissing:
            return

    async def go_round(self, bot_id: str, due_ms: int) -> None:
        """Have a bot trained if it can learn something new, and set the next round; raises BotBusy.

        That passes, so that the round is gone again.

        Training is another step: when it fails, its job tells so, and the next round comes all the same. Of
        rounds that were set before the schedule was changed nothing comes.
        """
        try:
            row = await self._bots.existing(bot_id)
        except BotMissing:
            return
        definition = Definition.model_validate(row.definition)
        if definition.retrain_ms != due_ms:
            return
        fresh, now = await self._bots.can_learn(row), self._clock.now_ms()
        following = scheduled(definition.model_copy(update={"retrain_ms": None}), now)
        after = replace(row, definition=following.model_dump(), revision=row.revision + 1)
        if not await self._store.change(after, row.revision):
            raise BotBusy("It is tried again.")
        announce(bot_id, following, now)
        if fresh:
            job_id = self._ids.new("job")
            emit(TrainingDue(bot_id=bot_id, reason="schedule"), job_id=job_id, subject=bot_id)
