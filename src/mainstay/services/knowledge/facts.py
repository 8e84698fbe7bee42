"""What is told about a document beside its text: how much that may be, and what a collection makes of it."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

METADATA_BYTES_MAX = 16 * 1024
METADATA_DEPTH_MAX = 5
FILE_NAME = "file_name"

_JSON_TYPES: Mapping[str, tuple[type, ...]] = {
    "keyword": (str, list),
    "text": (str,),
    "integer": (int,),
    "float": (int, float),
    "bool": (bool,),
    "datetime": (str,),
}

Problems = list[dict[str, str]]


def problems_of(metadata: Mapping[str, Any], schema: Mapping[str, Mapping[str, Any]]) -> Problems:
    """Say of each field why it cannot be stored in a collection with this schema."""
    problems: Problems = []
    if metadata and _size(metadata) > METADATA_BYTES_MAX:
        problems.append({"field": "metadata", "problem": f"At most {METADATA_BYTES_MAX:,} bytes of JSON."})
    if metadata and _depth(metadata) > METADATA_DEPTH_MAX:
        problems.append({"field": "metadata", "problem": f"At most {METADATA_DEPTH_MAX} levels."})
    for name, declared in schema.items():
        if problem := _problem_of(metadata.get(name), declared):
            problems.append({"field": f"metadata.{name}", "problem": problem})
    return problems


def with_facts(
    told: Mapping[str, Any], facts: Mapping[str, Any], schema: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """Add what a file tells of itself to what its sender tells, as far as that leaves room.

    Left out is what contradicts the collection's schema; then the largest facts, the file's name last.
    """
    added = {
        name: fact
        for name, fact in facts.items()
        if name not in told and not (name in schema and _problem_of(fact, schema[name]))
    }
    smallest = sorted(added, key=lambda name: (name != FILE_NAME, _size({name: added[name]})))
    while smallest and _size({**added, **told}) > METADATA_BYTES_MAX:
        del added[smallest.pop()]
    return {**added, **told}


def _size(metadata: Mapping[str, Any]) -> int:
    return len(json.dumps(dict(metadata), ensure_ascii=False).encode("utf-8", "surrogatepass"))


def _depth(value: object) -> int:
    if isinstance(value, Mapping):
        return 1 + max((_depth(inner) for inner in value.values()), default=0)
    if isinstance(value, list):
        return 1 + max((_depth(inner) for inner in value), default=0)
    return 0


def _problem_of(value: object, declared: Mapping[str, Any]) -> str:
    kind = str(declared["type"])
    if value is None:
        return "The collection requires this field." if declared.get("required") else ""
    if not isinstance(value, _JSON_TYPES[kind]) or (isinstance(value, bool) and kind != "bool"):
        return f"The collection declares this field as {kind}."
    if kind == "datetime" and not _is_date(str(value)):
        return "Expected an RFC 3339 date, such as 2026-03-01T12:00:00Z."
    return ""


def _is_date(value: str) -> bool:
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True
