"""Checks schemas before they are sent, and answers against them."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from mainstay.ports.schemas import Schemas
from mainstay.services.generation.failures import SchemaInvalid
from mainstay.services.generation.records import AnswerFormat
from mainstay.services.generation.wanted import Wanted

SCHEMA_BYTES_MAX = 100_000


class Shaping:
    """Knows whether an answer is what was asked for."""

    def __init__(self, schemas: Schemas) -> None:
        """Take who checks."""
        self._schemas = schemas

    async def check(self, wanted: Wanted) -> None:
        """Raise SchemaInvalid for a schema that is none."""
        if wanted.format is not None and wanted.format.json_schema is not None:
            await self._check("answer_format.json_schema", wanted.format.json_schema)
        for place, tool in enumerate(wanted.tools):
            if tool.parameters is not None:
                await self._check(f"tools.{place}.parameters", tool.parameters)

    async def misfit(self, form: AnswerFormat | None, text: str) -> str:
        """Say in which way an answer is not in its form; empty text if it is."""
        if form is None:
            return ""
        try:
            value = json.loads(text)
        except ValueError:
            return "it is no JSON"
        except RecursionError:
            return "it is nested too deep"
        if not isinstance(value, dict) and (form.json_schema is None):
            return "it is no JSON object"
        if form.json_schema is None:
            return ""
        return "; ".join(await asyncio.to_thread(self._schemas.misfits, form.json_schema, value))

    async def _check(self, field: str, schema: Mapping[str, Any]) -> None:
        if len(json.dumps(schema)) > SCHEMA_BYTES_MAX:
            raise _invalid(field, f"A schema may have {SCHEMA_BYTES_MAX} bytes at most.")
        faults = await asyncio.to_thread(self._schemas.faults, schema)
        if faults:
            raise _invalid(field, "; ".join(faults))


def _invalid(field: str, problem: str) -> SchemaInvalid:
    return SchemaInvalid(f"Check these fields: {field}.", problems=[{"field": field, "problem": problem}])
