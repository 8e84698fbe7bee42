"""Files where a message has nothing but JSON: an object with a name, a media type, and bytes in base64."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from mainstay.kernel.dispatch import RequestInvalid
from mainstay.kernel.interface import Operation, Upload

FILE: dict[str, Any] = {
    "type": "object",
    "description": "A file.",
    "required": ["name", "content"],
    "properties": {
        "name": {"type": "string", "maxLength": 255, "description": "The file's name with its ending."},
        "media_type": {"type": "string", "maxLength": 200, "description": "Such as `application/pdf`."},
        "content": {
            "type": "string",
            "contentEncoding": "base64",
            "description": "The file's bytes in base64.",
        },
    },
    "additionalProperties": False,
}


def with_file(operation: Operation, values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Give an operation's values, its file as an upload; raises RequestInvalid."""
    upload = operation.upload
    if upload is None or upload.name not in values:
        return values
    return {**values, upload.name: _upload(upload.name, values[upload.name])}


def _upload(name: str, value: Any) -> Upload:
    told = "Give an object with `name`, `content` (base64) and, if known, `media_type`."
    if isinstance(value, dict) and set(value) <= {"name", "content", "media_type"}:
        file_name, content, media_type = value.get("name"), value.get("content"), value.get("media_type")
        if isinstance(file_name, str) and isinstance(content, str) and isinstance(media_type, str | None):
            try:
                return Upload(file_name[:255], media_type, base64.b64decode(content, validate=True))
            except (binascii.Error, ValueError):
                told = "`content` is not base64."
    raise RequestInvalid(f"Check these fields: {name}.", problems=[{"field": name, "problem": told}])
