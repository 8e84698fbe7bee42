"""Bots: made, changed, trained, brought back to an earlier model, deleted."""

import asyncio
import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mainstay.kernel.work import caller, emit, note_change, note_target
from mainstay.kit.clock import Clock
from mainstay.kit.ids import Ids
from mainstay.ports.ciphers import Cipher
from mainstay.services.assistant.checking import check
from mainstay.services.assistant.comparison import compared
from mainstay.services.assistant.describing import (
    CONFIRMS,
    DECIDED,
    TAKEN,
    intents_of,
    summary,
    told,
    trained,
)
from mainstay.services.assistant.failures import (
    BotBusy,
    BotMissing,
    BotModelMissing,
    BotShowsDocuments,
    BotsTooMany,
    ModelStale,
)
from mainstay.services.assistant.feedback_store import FeedbackStore
from mainstay.services.assistant.happenings import BotTrained, TrainingDue, TrainingRound
from mainstay.services.assistant.limits import BOTS_MAX, EXAMPLES_MAX, VERSIONS_KEPT, TrainingReason
from mainstay.services.assistant.model import Model
from mainstay.services.assistant.models import Models
from mainstay.services.assistant.plans import called
from mainstay.services.assistant.records import (
    Bot,
    BotSummary,
    Comparison,
    Definition,
    Intent,
    TitledIntent,
    Trained,
)
from mainstay.services.assistant.schedules import scheduled
from mainstay.services.assistant.store import BotRow, BotStore, ModelRow
from mainstay.services.assistant.tables import model_place
from mainstay.services.assistant.tools import Tools
from mainstay.services.assistant.training import Example, Outcome, Training

_PAGE = 1000
_READS = "documents:read"


@dataclass(frozen=True)
class _Learned:
    """A model that is about to be stored, with its bytes, sealed."""

    row: ModelRow
    content: bytes


@dataclass(frozen=True)
class Taught:
    """What was accepted as an example, and by which judgement."""

    feedback_id: str
    example: Example


class Bots:
    """Keeps bots."""

    def __init__(
        self,
        store: BotStore,
        feedback: FeedbackStore,
        training: Training,
        models: Models,
        tools: Tools,
        cipher: Cipher,
        clock: Clock,
        ids: Ids,
    ) -> None:
        """Take the parts."""
        self._store = store
        self._feedback = feedback
        self._training = training
        self._models = models
        self._tools = tools
        self._cipher = cipher
        self._clock = clock
        self._ids = ids

    async def existing(self, bot_id: str) -> BotRow:
        """Find a bot; raises BotMissing."""
        row = await self._store.bot(bot_id)
        if row is None:
            raise BotMissing("`mainstay assistant list-bots` (GET /v1/assistant/bots) lists them.")
        return row

    async def make(self, name: str, definition: Definition, intents: Sequence[Intent]) -> Bot:
        """Make a bot, and train it; raises BotInvalid, BotsTooMany, BotShowsDocuments."""
        _check_reader(definition.collections)
        await asyncio.to_thread(check, intents, definition.entities)
        confirms = self._tools.check(intents)
        if len(await self._store.bots()) >= BOTS_MAX:
            raise BotsTooMany(f"A tenant may have {BOTS_MAX} bots: delete one that is not needed.")
        bot_id, now = self._ids.new("bot"), self._clock.now_ms()
        note_target(bot_id)
        given = _examples(intents)
        definition = scheduled(definition, now)
        trained = await self._training.train(_given(given))
        learned = await self._learned(bot_id, 1, trained, [], None, "made", 0)
        written = _written(definition, intents, confirms)
        count = sum(map(len, given.values()))
        row = BotRow(bot_id, name, written, len(intents), count, 1, 1, 1, now, now)
        made = await asyncio.to_thread(told, row, given, [learned.row])
        await self._store.add(row)
        await self._store.replace_examples(bot_id, given)
        await self._store.add_model(bot_id, learned.row, learned.content)
        note_change(None, {"name": name, **written})
        emit(BotTrained(bot_id=bot_id, version=1, switched=True))
        announce(bot_id, definition, now)
        return made

    async def change(
        self, bot_id: str, name: str | None, changed: Mapping[str, Any], intents: Sequence[Intent] | None
    ) -> Bot:
        """Change what is given; with intents it is trained anew and answers with that."""
        row = await self.existing(bot_id)
        note_target(bot_id)
        before = Definition.model_validate(row.definition)
        definition = scheduled(before.model_copy(update=dict(changed)), self._clock.now_ms(), before)
        _check_reader(definition.collections, before.collections)
        given = await self._store.examples(bot_id)
        wanted = intents if intents is not None else intents_of(before, given)
        await asyncio.to_thread(check, wanted, definition.entities)
        confirms = self._tools.check(wanted)
        after = replace(
            row,
            name=row.name if name is None else name,
            definition=_written(definition, wanted, confirms),
            revision=row.revision + 1,
            changed_ms=self._clock.now_ms(),
        )
        learned: _Learned | None = None
        if intents is not None:
            given = _examples(intents)
            learned = await self._trained(row, given, None, "changed")
            version, count = learned.row.version, sum(map(len, given.values()))
            after = replace(after, intents=len(intents), examples=count, version=version, latest=version)
        await self._save(after, row.revision)
        if learned is not None:
            await self._store.replace_examples(bot_id, given)
            await self._keep(bot_id, learned, version)
        if definition.retrain_ms != before.retrain_ms:
            announce(bot_id, definition, self._clock.now_ms())
        note_change({"name": row.name, **row.definition}, {"name": after.name, **after.definition})
        return told(after, given, await self._store.models(bot_id))

    async def extend(self, bot_id: str, intent: Intent, taught: Sequence[Taught]) -> Bot:
        """Add an intent, learned from its examples and from what the caller stores as accepted, too."""
        row = await self.existing(bot_id)
        note_target(bot_id)
        before = Definition.model_validate(row.definition)
        wanted = [*intents_of(before, await self._store.examples(bot_id)), intent]
        await asyncio.to_thread(check, wanted, before.entities)
        confirms, given = self._tools.check(wanted), _examples(wanted)
        learned = await self._trained(row, given, None, "suggestion", taught)
        after = replace(
            row,
            definition=_written(before, wanted, confirms),
            revision=row.revision + 1,
            changed_ms=self._clock.now_ms(),
            intents=len(wanted),
            examples=sum(map(len, given.values())),
            version=learned.row.version,
            latest=learned.row.version,
        )
        await self._save(after, row.revision)
        await self._store.replace_examples(bot_id, given)
        await self._keep(bot_id, learned, after.version)
        note_change({"name": row.name, **row.definition}, {"name": after.name, **after.definition})
        return told(after, given, await self._store.models(bot_id))

    async def train(self, bot_id: str, *, forced: bool = False, reason: TrainingReason = "called") -> Trained:
        """Learn anew from what was given and what was accepted since; the better model answers.

        Where nothing is new the newest model is told as it is: each training may push out one that is kept.
        `forced`: the new one answers in any case, and no earlier one is kept.
        """
        row = await self.existing(bot_id)
        note_target(bot_id)
        before = None if forced else await self._active(row)
        if before is not None and not await self.can_learn(row):
            return trained((await self._store.models(bot_id))[0], row.version)
        learned = await self._trained(row, await self._store.examples(bot_id), before, reason)
        comparison = learned.row.figures["compared"]
        switched = comparison is None or comparison["switched"]
        version, now = learned.row.version if switched else row.version, self._clock.now_ms()
        planned = Definition.model_validate(row.definition)
        definition = scheduled(planned, now, planned)
        after = replace(
            row, definition=definition.model_dump(), version=version, latest=learned.row.version,
            revision=row.revision + 1, changed_ms=now,
        )  # fmt: skip
        await self._save(after, row.revision)
        if definition.retrain_ms != planned.retrain_ms:
            announce(bot_id, definition, now)
        if forced:
            await self._store.forget_models(
                bot_id, [each.version for each in await self._store.models(bot_id)]
            )
            self._models.forget(bot_id)
        await self._keep(bot_id, learned, version)
        note_change({"version": row.version}, {"version": version})
        return trained(learned.row, version)

    async def unlearn(self, bot_id: str, job_id: str = "") -> None:
        """Have a bot learn anew without what is erased in this unit; a training that runs now is in vain."""
        await self._store.outdate(bot_id)
        due = TrainingDue(bot_id=bot_id, forced=True, reason="erased")
        emit(due, job_id=job_id or self._ids.new("job"), subject=bot_id, promised=True)

    async def use(self, bot_id: str, version: int) -> Trained:
        """Let an earlier model answer again, or a later one; raises BotModelMissing."""
        row = await self.existing(bot_id)
        note_target(bot_id)
        known = {each.version: each for each in await self._store.models(bot_id)}
        if version not in known:
            raise BotModelMissing("Get the bot to see which of its models are kept.")
        await self._models.model(bot_id, version)
        after = replace(row, version=version, revision=row.revision + 1, changed_ms=self._clock.now_ms())
        await self._save(after, row.revision)
        note_change({"version": row.version}, {"version": version})
        return trained(known[version], version)

    async def describe(self, bot_id: str) -> Bot:
        """Give a bot with all that makes it."""
        row = await self.existing(bot_id)
        given, models = await self._store.examples(bot_id), await self._store.models(bot_id)
        return await asyncio.to_thread(told, row, given, models)

    async def describe_all(self) -> list[BotSummary]:
        """List the bots."""
        return [summary(row) for row in await self._store.bots()]

    async def intents(self, bot_id: str) -> list[TitledIntent]:
        """Give what a bot understands, without examples."""
        row = await self.existing(bot_id)
        found = Definition.model_validate(row.definition).intents
        return [TitledIntent(name=each["name"], title=called(each["name"], each["title"])) for each in found]

    async def remove(self, bot_id: str) -> BotRow:
        """Erase a bot with its models, and what was judged of it."""
        row = await self.existing(bot_id)
        note_target(bot_id)
        await self._store.remove(bot_id)
        await self._feedback.remove({"bot_id": bot_id})
        self._models.forget(bot_id)
        note_change({"name": row.name, **row.definition}, None)
        return row

    async def _active(self, row: BotRow) -> Model | None:
        """Give the model that answers, unless it cannot be compared with a new one."""
        try:
            return await self._models.model(row.bot_id, row.version)
        except (ModelStale, BotModelMissing):
            return None

    async def _trained(
        self,
        row: BotRow,
        given: Mapping[str, Sequence[str]],
        before: Model | None,
        reason: TrainingReason,
        extra: Sequence[Taught] = (),
    ) -> _Learned:
        """Learn from what was given with the bot, and what was accepted since."""
        examples, decided = _given(given), await self._feedback.decided(row.bot_id)
        taken = [*await self._accepted(row.bot_id, given), *extra]
        taken = taken[-max(0, EXAMPLES_MAX - len(examples)) :] if len(examples) < EXAMPLES_MAX else []
        trained = await self._training.train([*(each.example for each in taken), *examples])
        comparison = None if before is None else compared(row.version, before.held, trained[0].held)
        return await self._learned(row.bot_id, row.latest + 1, trained, taken, comparison, reason, decided)

    async def can_learn(self, row: BotRow) -> bool:
        """Say whether what was accepted differs from what a bot learned from last."""
        given = await self._store.examples(row.bot_id)
        room = EXAMPLES_MAX - sum(map(len, given.values()))
        accepted = await self._accepted(row.bot_id, given)
        models = await self._store.models(row.bot_id)
        last = models[0].figures.get(TAKEN) if models else None
        return _mark(accepted[-room:] if room > 0 else []) != (last or _mark([]))

    async def decided(self, bot_id: str) -> int:
        """Count the judgements about which something was decided since a bot learned last."""
        return await self._feedback.decided_since(bot_id, await self._heeded(bot_id))

    async def next_decision(self, bot_id: str) -> int:
        """Give the number of the next decision about a bot's judgements; the last may be erased by now."""
        return max(await self._feedback.decided(bot_id), await self._heeded(bot_id)) + 1

    async def _heeded(self, bot_id: str) -> int:
        """Give the number of the last decision that a bot has learned from."""
        models = await self._store.models(bot_id)
        return int(models[0].figures.get(DECIDED) or 0) if models else 0

    async def _accepted(self, bot_id: str, given: Iterable[str]) -> list[Taught]:
        intents, found = set(given), list[Taught]()
        after: str | None = ""
        while after is not None:
            page = await self._feedback.of_bot(bot_id, "accepted", after, _PAGE)
            after = page.after
            for row in page.rows:
                if row.content["intent"] in intents:
                    example = Example(row.content["text"], row.content["intent"], given=False)
                    found.append(Taught(row.feedback_id, example))
        return found

    async def _learned(
        self,
        bot_id: str,
        version: int,
        trained: tuple[Model, Outcome],
        taken: Sequence[Taught],
        comparison: Comparison | None,
        reason: TrainingReason,
        decided: int,
    ) -> _Learned:
        model, outcome = trained
        figures = {
            "examples": len(model.classifier.labels),
            "learned": len(taken),
            "held_out": outcome.held,
            "accuracy": None if outcome.accuracy is None else round(outcome.accuracy, 4),
            "calibrated": outcome.calibrated,
            "compared": None if comparison is None else comparison.model_dump(),
            "reason": reason,
            TAKEN: _mark(taken),
            DECIDED: decided,
        }
        place = model_place(bot_id, version)
        content = await asyncio.to_thread(lambda: self._cipher.seal(model.to_bytes(), place))
        return _Learned(ModelRow(version, figures, self._clock.now_ms()), content)

    async def _save(self, row: BotRow, revision: int) -> None:
        if not await self._store.change(row, revision):
            raise BotBusy("Get the bot, and try again.")

    async def _keep(self, bot_id: str, learned: _Learned, version: int) -> None:
        """Store a model, and forget those that are too old, but for the one that answers."""
        await self._store.add_model(bot_id, learned.row, learned.content)
        models = await self._store.models(bot_id)
        old = [each.version for each in models[VERSIONS_KEPT:] if each.version != version]
        await self._store.forget_models(bot_id, old)
        switched = version == learned.row.version
        emit(BotTrained(bot_id=bot_id, version=learned.row.version, switched=switched))


def _check_reader(collections: Collection[str], before: Collection[str] = ()) -> None:
    """Make sure that nobody has a bot show what he may not read himself; raises BotShowsDocuments."""
    if not set(collections) <= set(before) and not caller().may(_READS):
        raise BotShowsDocuments(f"Ask an administrator for a role with `{_READS}`.")


def announce(bot_id: str, definition: Definition, now_ms: int) -> None:
    """Have the next round come."""
    due = definition.retrain_ms
    if due is not None:
        emit(TrainingRound(bot_id=bot_id, due_ms=due), promised=True, delay_ms=max(0, due - now_ms))


def _mark(taken: Sequence[Taught]) -> str:
    """Give what differs as soon as a bot would learn from something else than that."""
    text = "\n".join(f"{each.feedback_id} {each.example.intent}" for each in taken)
    return hashlib.blake2s(text.encode(), digest_size=8).hexdigest()


def _examples(intents: Sequence[Intent]) -> dict[str, list[str]]:
    return {intent.name: list(intent.examples) for intent in intents}


def _given(examples: Mapping[str, Sequence[str]]) -> list[Example]:
    return [Example(text, name) for name, texts in examples.items() for text in texts]


def _written(
    definition: Definition, intents: Sequence[Intent], confirms: Mapping[str, bool]
) -> dict[str, Any]:
    """Give what makes a bot, but for the examples, as it is written down."""
    bare = [
        {**intent.model_dump(exclude={"examples"}), CONFIRMS: confirms.get(intent.name, True)}
        for intent in intents
    ]
    return definition.model_copy(update={"intents": bare}).model_dump()
