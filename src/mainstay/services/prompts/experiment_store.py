"""Experiments and whom they showed what, in rows."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mainstay.ports.database import Condition, Row, Rows, Scalar
from mainstay.services.prompts.effects import Moments

_EXPERIMENT = (
    "SELECT experiment_id, name, label, state, arms, alpha, winner, author, started_ms, stopped_ms"
    " FROM prompt_experiments"
)
_BY_KEY = (
    "SELECT arm, unit, avg(value) AS value FROM prompt_exposures"
    " WHERE experiment_id = :id AND value IS NOT NULL GROUP BY arm, unit"
)


@dataclass(frozen=True)
class ExperimentRow:
    """An experiment as it is stored."""

    experiment_id: str
    name: str
    label: str
    state: str
    arms: list[dict[str, Any]]
    alpha: float
    winner: str
    author: str
    started_ms: int
    stopped_ms: int | None


@dataclass(frozen=True)
class ExposureRow:
    """That somebody was shown an arm; `unit` stands for the key."""

    exposure_id: str
    experiment_id: str
    arm: str
    unit: str
    subject: str
    value: float | None
    at_ms: int


@dataclass(frozen=True)
class ArmCounts:
    """How often an arm was shown, to how many keys, and what came of it."""

    exposures: int
    keys: int
    moments: Moments


class ExperimentStore:
    """Reads and writes experiments."""

    def __init__(self, rows: Rows) -> None:
        """Take the caller's rows."""
        self._rows = rows

    async def add(self, row: ExperimentRow) -> None:
        """Store an experiment that begins."""
        await self._rows.insert("prompt_experiments", [self._values(row)])

    async def stop(self, row: ExperimentRow) -> bool:
        """Store how a running experiment ends; say whether it still ran."""
        where: Condition = {"experiment_id": row.experiment_id, "state": "running"}
        return bool(await self._rows.update("prompt_experiments", self._values(row), where))

    async def experiment(self, experiment_id: str) -> ExperimentRow | None:
        """Find an experiment."""
        rows = await self._rows.fetch(f"{_EXPERIMENT} WHERE experiment_id = :id", {"id": experiment_id})
        return self._row(rows[0]) if rows else None

    async def running(self, name: str, label: str) -> ExperimentRow | None:
        """Find the experiment that runs on a label."""
        rows = await self._rows.fetch(
            f"{_EXPERIMENT} WHERE name = :name AND state = 'running' AND label = :label",
            {"name": name, "label": label},
        )
        return self._row(rows[0]) if rows else None

    async def experiments(self, name: str, limit: int) -> list[ExperimentRow]:
        """List a prompt's experiments, newest first."""
        rows = await self._rows.fetch(
            f"{_EXPERIMENT} WHERE name = :name ORDER BY experiment_id DESC LIMIT :limit",
            {"name": name, "limit": limit},
        )
        return [self._row(row) for row in rows]

    async def remove_of(self, name: str) -> None:
        """Erase all experiments of a prompt, with whom they showed what."""
        rows = await self._rows.fetch(
            "SELECT experiment_id FROM prompt_experiments WHERE name = :name", {"name": name}
        )
        for row in rows:
            await self._rows.delete("prompt_exposures", {"experiment_id": row["experiment_id"]})
        await self._rows.delete("prompt_experiments", {"name": name})

    async def expose(self, row: ExposureRow) -> None:
        """Store that somebody was shown an arm."""
        await self._rows.insert("prompt_exposures", [vars(row)])

    async def exposed(self, exposure_id: str) -> bool:
        """Say whether an exposure is stored."""
        rows = await self._rows.fetch(
            "SELECT arm FROM prompt_exposures WHERE exposure_id = :id", {"id": exposure_id}
        )
        return bool(rows)

    async def judge(self, exposure_id: str, value: float) -> None:
        """Store what came of it."""
        await self._rows.update("prompt_exposures", {"value": value}, {"exposure_id": exposure_id})

    async def counts(self, experiment_id: str) -> dict[str, ArmCounts]:
        """Count each arm; values of one key are averaged before, as keys were drawn and not answers.

        The spread is taken about each arm's mean in a second reading: sums of squares would lose it.
        """
        shown = await self._rows.fetch(
            "SELECT arm, count(*) AS exposures, count(DISTINCT unit) AS keys FROM prompt_exposures"
            " WHERE experiment_id = :id GROUP BY arm",
            {"id": experiment_id},
        )
        means = await self._rows.fetch(
            f"SELECT arm, count(*) AS many, avg(value) AS mean FROM ({_BY_KEY}) AS by_key GROUP BY arm",
            {"id": experiment_id},
        )
        judged: dict[str, Moments] = {}
        for row in means:
            arm, many, mean = str(row["arm"]), int(row["many"] or 0), float(row["mean"] or 0)
            [spread] = await self._rows.fetch(
                "SELECT sum((value - :mean) * (value - :mean)) AS squares"
                f" FROM ({_BY_KEY}) AS by_key WHERE arm = :arm",
                {"id": experiment_id, "arm": arm, "mean": mean},
            )
            squares = float(spread["squares"] or 0)
            judged[arm] = Moments(many, mean, squares / (many - 1) if many > 1 else 0.0)
        return {
            str(row["arm"]): ArmCounts(
                int(row["exposures"] or 0),
                int(row["keys"] or 0),
                judged.get(str(row["arm"]), Moments(0, 0.0, 0.0)),
            )
            for row in shown
        }

    async def exposures_of(self, subject: str, unit: str) -> list[Row]:
        """List what somebody was shown, as whoever asked or as the key."""
        return await self._rows.fetch(
            "SELECT exposure_id, experiment_id, arm, value, at_ms FROM prompt_exposures"
            " WHERE subject = :subject OR unit = :unit ORDER BY exposure_id",
            {"subject": subject, "unit": unit},
        )

    async def forget(self, subject: str, unit: str) -> int:
        """Erase what somebody was shown, and that he began experiments; count what was shown."""
        await self._rows.update("prompt_experiments", {"author": ""}, {"author": subject})
        shown = await self._rows.delete("prompt_exposures", {"subject": subject})
        return shown + await self._rows.delete("prompt_exposures", {"unit": unit})

    def _row(self, row: Row) -> ExperimentRow:
        return ExperimentRow(
            experiment_id=str(row["experiment_id"]),
            name=str(row["name"]),
            label=str(row["label"]),
            state=str(row["state"]),
            arms=json.loads(str(row["arms"])),
            alpha=float(row["alpha"] or 0),
            winner=str(row["winner"]),
            author=str(row["author"]),
            started_ms=int(row["started_ms"] or 0),
            stopped_ms=None if row["stopped_ms"] is None else int(row["stopped_ms"]),
        )

    def _values(self, row: ExperimentRow) -> Mapping[str, Scalar]:
        return {**vars(row), "arms": json.dumps(row.arms)}
