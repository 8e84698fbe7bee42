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
SCHEMAS_BYTES_MAX = 4 * SCHEMA_BYTES_MAX
"""All schemas of a request together; a second of work for each 100,000 bytes."""


class Shaping:
    """Knows whether an answer is what was asked for."""

    def __init__(self, schemas: Schemas) -> None:
        """Take who checks."""
        self._schemas = schemas

    async def check(self, wanted: Wanted) -> None:
        """Raise SchemaInvalid for a schema that is none, or too large with the others."""
        schemas = {
            f"tools.{place}.parameters": tool.parameters
            for place, tool in enumerate(wanted.tools)
            if tool.parameters is not None
        }
        if wanted.format is not None and wanted.format.json_schema is not None:
            schemas["answer_format.json_schema"] = wanted.format.json_schema
        sizes = {field: len(json.dumps(schema)) for field, schema in schemas.items()}
        large = next((field for field, size in sizes.items() if size > SCHEMA_BYTES_MAX), None)
        if large is not None:
            raise _invalid(large, f"A schema may have {SCHEMA_BYTES_MAX} bytes at most.")
        if sum(sizes.values()) > SCHEMAS_BYTES_MAX:
            raise _invalid("tools", f"All schemas together may have {SCHEMAS_BYTES_MAX} bytes at most.")
        for field, schema in schemas.items():
            await self._check(field, schema)

    async def misfit(self, form: AnswerFormat | None, text: str) -> str:
        """Say in which way a generator's answer is not in its form; empty text if it is."""
        if form is None:
            return ""
        try:
            value = json.loads(text)
        except ValueError:
            return "its answer is no JSON"
        except RecursionError:
            return "its answer is nested too deep"
        if not isinstance(value, dict) and (form.json_schema is None):
            return "its answer is no JSON object"
        if form.json_schema is None:
            return ""
        misfits = await asyncio.to_thread(self._schemas.misfits, form.json_schema, value)
        return f"its answer does not fit the schema ({'; '.join(misfits)})" if misfits else ""

    async def _check(self, field: str, schema: Mapping[str, Any]) -> None:
        faults = await asyncio.to_thread(self._schemas.faults, schema)
        if faults:
            raise _invalid(field, "; ".join(faults))


def _invalid(field: str, problem: str) -> SchemaInvalid:
    return SchemaInvalid(f"Check these fields: {field}.", problems=[{"field": field, "problem": problem}])
