"""Operations of the house that bots call for the asking user, with that user's permissions."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NoReturn

from pydantic import BaseModel
from pydantic_core import to_jsonable_python

from mainstay.kernel.guard import STRANGER, PermissionMissing
from mainstay.kernel.inside import Operations
from mainstay.kernel.interface import Operation
from mainstay.kernel.work import caller
from mainstay.kit.errors import Failure
from mainstay.services.assistant.failures import BotInvalid
from mainstay.services.assistant.plans import RESULT, IntentPlan, filled
from mainstay.services.assistant.records import Intent

CLOSED = frozenset(
    {
        *("assistant", "authorization", "directory", "federation", "gateway", "identity", "observability"),
        *("people", "privacy"),
    }
)
"""Services that decide who may do what, or watch over that, and this one.

What they give has no place in a conversation, which others may read (`conversations:all`) and which is kept
for as long as conversations are, whatever the audit's own rules say.
"""
_DEPTH_MAX = 4
_EACH_MAX = 10
_VALUE_MAX = 500


class Tools:
    """Calls operations for bots."""

    def __init__(self, operations: Operations) -> None:
        """Take the operations of the house."""
        self._operations = operations

    def check(self, intents: Sequence[Intent]) -> dict[str, bool]:
        """Say of each intent with an operation whether it changes something; raises BotInvalid."""
        found: dict[str, bool] = {}
        for place, intent in enumerate(intents):
            named = intent.operation is not None
            wanted = intent.action == "operation" or bool(intent.arguments)
            if (wanted and not named) or (named and intent.action not in {None, "operation"}):
                _refuse(place, "operation", "Give it together with the action `operation`.")
            if intent.operation is not None:
                operation = self._operations.named(intent.operation)
                if operation is None or not _callable(operation):
                    _refuse(place, "operation", "Name an operation that a bot can call, as `jobs.get_job`.")
                _check_arguments(place, intent, operation)
                found[intent.name] = operation.changes
        return found

    async def call(
        self, known: IntentPlan, slots: Mapping[str, str], key: str, *, confirmed: bool
    ) -> dict[str, str] | Failure:
        """Call an intent's operation for the asking user; give the fields of what it gave, or why not.

        For a guest it calls none: what a guest is lent is for the bot's own collections.
        """
        operation = self._operations.named(known.operation)
        if caller().guest_of:
            return PermissionMissing("Guests may not; sign in, or come with a key.")
        if operation is None or not _callable(operation) or (operation.changes and not confirmed):
            return BotInvalid(f"{known.operation} is not here.")
        try:
            value = await self._operations.call(operation, filled(known.arguments, slots), key)
        except Failure as failure:
            return failure
        return dict(_fields(RESULT.rstrip("."), _told(value), _DEPTH_MAX))


def _refuse(place: int, field: str, problem: str) -> NoReturn:
    where = f"intents.{place}.{field}"
    raise BotInvalid(f"{where}: {problem}", problems=[{"field": where, "problem": problem}])


def _callable(operation: Operation) -> bool:
    known = operation.may != STRANGER and operation.interface.service not in CLOSED
    plain = not operation.secret and not operation.final and operation.upload is None
    return known and plain and operation.kind != "stream"


def _check_arguments(place: int, intent: Intent, operation: Operation) -> None:
    names = {parameter.name: parameter.required for parameter in operation.parameters}
    for name in intent.arguments:
        if name not in names:
            _refuse(place, f"arguments.{name}", f"{operation.full_name} takes no {name}.")
    for name, required in names.items():
        if required and name not in intent.arguments:
            _refuse(place, "arguments", f"{operation.full_name} needs {name}.")


def _told(value: object) -> Any:
    return value.model_dump(mode="json") if isinstance(value, BaseModel) else to_jsonable_python(value)


def _fields(name: str, value: Any, depth: int) -> Iterator[tuple[str, str]]:
    """Give the plain values in what an operation gave, by their paths, and of each list its length."""
    if isinstance(value, list):
        yield f"{name}.count", str(len(value))
        value = {str(place): each for place, each in enumerate(value[:_EACH_MAX])}
    if isinstance(value, dict):
        if depth:
            for key, each in value.items():
                yield from _fields(f"{name}.{key}", each, depth - 1)
    elif value is not None:
        yield name, (value if isinstance(value, str) else json.dumps(value))[:_VALUE_MAX]
