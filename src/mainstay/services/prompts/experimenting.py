"""Tries versions against each other: who sees which, what came of it, and what that is worth."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from mainstay.kernel.work import caller, note_change, note_target
from mainstay.kit.clock import Clock
from mainstay.kit.ids import Ids
from mainstay.ports.ciphers import Cipher
from mainstay.services.generation.interface import PromptUsed
from mainstay.services.prompts.book import PRODUCTION, Book
from mainstay.services.prompts.effects import JUDGED_LEAST, Moments, compared, shares_off
from mainstay.services.prompts.experiment_records import (
    Arm,
    ArmDifference,
    ArmResult,
    Experiment,
    ExperimentResult,
)
from mainstay.services.prompts.experiment_store import (
    ArmCounts,
    ExperimentRow,
    ExperimentStore,
    ExposureRow,
)
from mainstay.services.prompts.failures import (
    ArmUnknown,
    ExperimentEnded,
    ExperimentMissing,
    ExperimentRunning,
)

_SHARE_BITS = 53
_NOTHING = ArmCounts(0, 0, Moments(0, 0.0, 0.0))


@dataclass(frozen=True)
class Shown:
    """Which version somebody gets, and within which experiment if one runs."""

    version: int
    exposure: ExposureRow | None = None


class Experimenting:
    """Keeps experiments."""

    def __init__(self, book: Book, store: ExperimentStore, cipher: Cipher, clock: Clock, ids: Ids) -> None:
        """Take the parts."""
        self._book = book
        self._store = store
        self._cipher = cipher
        self._clock = clock
        self._ids = ids

    async def choose(self, name: str, version: int, label: str, key: str) -> Shown:
        """Say which version somebody gets; one that is named by its number is in no experiment."""
        row = None if version else await self._store.running(name, label or PRODUCTION)
        if row is None:
            return Shown(version)
        unit = self.unit_of(key or caller().subject)
        arm = _drawn(row, unit)
        exposure = ExposureRow(
            exposure_id=self._ids.new("exposure"),
            experiment_id=row.experiment_id,
            arm=arm.arm,
            unit=unit,
            subject=caller().subject,
            value=None,
            at_ms=self._clock.now_ms(),
        )
        return Shown(arm.version, exposure)

    async def expose(self, shown: Shown) -> None:
        """Keep that somebody was shown an arm."""
        if shown.exposure is not None:
            await self._store.expose(shown.exposure)

    async def expose_once(self, shown: Shown, before: PromptUsed) -> None:
        """Keep what somebody was shown before, unless that is kept, or another experiment runs by now."""
        exposure = shown.exposure
        if exposure is None or (exposure.experiment_id, exposure.arm) != (before.experiment_id, before.arm):
            return
        if before.exposure_id and not await self._store.exposed(before.exposure_id):
            await self._store.expose(replace(exposure, exposure_id=before.exposure_id))

    def unit_of(self, key: str) -> str:
        """Give what stands for a key, which is not kept itself."""
        return self._cipher.blind(key.encode("utf-8", "surrogatepass"), ("prompt_exposures", "unit")).hex()

    async def start(self, name: str, label: str, arms: Sequence[Arm], alpha: float) -> Experiment:
        """Begin an experiment; raises ExperimentRunning and ArmUnknown.

        The prompt is stored anew, so that of two that begin at this moment one is refused.
        """
        names, versions = [each.arm for each in arms], [each.version for each in arms]
        if len(set(names)) < len(names) or len(set(versions)) < len(versions):
            raise ArmUnknown("Each arm has a name and a version of its own.")
        prompt = await self._book.existing(name)
        for each in versions:
            await self._book.version(name, each, "")
        running = await self._store.running(name, label)
        if running is not None:
            raise ExperimentRunning(f"Stop {running.experiment_id} first, or choose another label.")
        row = ExperimentRow(
            experiment_id=self._ids.new("experiment"),
            name=name,
            label=label,
            state="running",
            arms=[each.model_dump() for each in arms],
            alpha=alpha,
            winner="",
            author=caller().subject,
            started_ms=self._clock.now_ms(),
            stopped_ms=None,
        )
        note_target(row.experiment_id)
        await self._book.save(replace(prompt, revision=prompt.revision + 1), prompt.revision)
        await self._store.add(row)
        note_change(None, {"name": name, "label": label, "arms": row.arms})
        return _told(row)

    async def stop(self, name: str, experiment_id: str, winner: str) -> Experiment:
        """End an experiment, and perhaps let its label stand at an arm's version from now on."""
        row = await self._existing(name, experiment_id)
        if row.state != "running":
            raise ExperimentEnded("Get it to see what came of it.")
        arm = next((each for each in _arms(row) if each.arm == winner), None)
        if winner and arm is None:
            raise ArmUnknown(f"Name one of {', '.join(each.arm for each in _arms(row))}.")
        after = replace(row, state="stopped", winner=winner, stopped_ms=self._clock.now_ms())
        if arm is not None:
            await self._book.move(name, row.label, arm.version, None)
        if not await self._store.stop(after):
            raise ExperimentEnded("Somebody stopped it at this moment.")
        note_target(experiment_id)
        note_change({"state": row.state, "winner": ""}, {"state": after.state, "winner": winner})
        return _told(after)

    async def experiments(self, name: str, limit: int) -> list[Experiment]:
        """List a prompt's experiments."""
        await self._book.existing(name)
        return [_told(row) for row in await self._store.experiments(name, limit)]

    async def result(self, name: str, experiment_id: str) -> ExperimentResult:
        """Say where an experiment stands."""
        row = await self._existing(name, experiment_id)
        counts = await self._store.counts(experiment_id)
        arms = _arms(row)
        told = [_arm_result(arm, counts.get(arm.arm, _NOTHING)) for arm in arms]
        differences = _differences(arms, counts, row.alpha)
        better = [each for each in differences if each.better == "yes"]
        leading = max(better, key=lambda each: each.effect).arm if better else ""
        return ExperimentResult(
            experiment=_told(row),
            arms=told,
            differences=differences,
            leading=leading,
            warnings=_warnings(arms, told, differences),
        )

    async def _existing(self, name: str, experiment_id: str) -> ExperimentRow:
        await self._book.existing(name)
        row = await self._store.experiment(experiment_id)
        if row is None or row.name != name:
            raise ExperimentMissing("List the prompt's experiments to see their ids.")
        return row


def _drawn(row: ExperimentRow, unit: str) -> Arm:
    """Draw the arm of a unit: always the same one in an experiment, each as often as its weight says."""
    digest = hashlib.sha256(f"{row.experiment_id}/{unit}".encode()).digest()
    share = (int.from_bytes(digest[:8]) >> (64 - _SHARE_BITS)) / 2**_SHARE_BITS
    arms = _arms(row)
    left = share * sum(arm.weight for arm in arms)
    for arm in arms[:-1]:
        left -= arm.weight
        if left < 0:
            return arm
    return arms[-1]


def _differences(arms: Sequence[Arm], counts: Mapping[str, ArmCounts], alpha: float) -> list[ArmDifference]:
    """Compare each arm with the first, at a level that holds for all of them together."""
    others = len(arms) - 1
    first = counts.get(arms[0].arm, _NOTHING).moments
    found = []
    for arm in arms[1:]:
        effect = compared(first, counts.get(arm.arm, _NOTHING).moments, alpha / others)
        if effect is None:
            continue
        low, high = effect.interval_always
        found.append(
            ArmDifference(
                arm=arm.arm,
                effect=effect.effect,
                interval=effect.interval,
                p_value=min(1.0, effect.p_value * others),
                interval_always=effect.interval_always,
                p_value_always=min(1.0, effect.p_value_always * others),
                better="yes" if low > 0 else "no" if high < 0 else "unclear",
            )
        )
    return found


def _warnings(
    arms: Sequence[Arm], told: Sequence[ArmResult], differences: Sequence[ArmDifference]
) -> list[str]:
    found = []
    few = [each.arm for each in told if each.judged_keys < JUDGED_LEAST]
    if few:
        found.append(
            f"Fewer than {JUDGED_LEAST} keys were judged in {', '.join(few)}: no difference is told yet."
        )
    elif len(differences) < len(arms) - 1:
        found.append("All values of an arm are the same: its error cannot be told.")
    if shares_off([each.keys for each in told], [arm.weight for arm in arms]):
        found.append(
            "The arms got other shares of the keys than their weights say, which chance does once in 1,000 "
            "times: look for requests that are lost on the way, or keys that change, before you trust this."
        )
    rates = [each.judged_keys / each.keys for each in told if each.keys]
    if rates and max(rates) > 0 and min(rates) < 0.8 * max(rates):
        found.append("Some arms were judged far more often than others: who judges may differ between them.")
    return found


def _arm_result(arm: Arm, counts: ArmCounts) -> ArmResult:
    moments = counts.moments
    return ArmResult(
        arm=arm.arm,
        version=arm.version,
        exposures=counts.exposures,
        keys=counts.keys,
        judged_keys=moments.count,
        mean=moments.mean if moments.count else None,
        deviation=moments.variance**0.5 if moments.count > 1 else None,
    )


def _arms(row: ExperimentRow) -> list[Arm]:
    return [Arm.model_validate(each) for each in row.arms]


def _told(row: ExperimentRow) -> Experiment:
    return Experiment.model_validate(vars(row))
