"""Contents of messages: text, alone or in parts; what is no text is refused by name."""

from typing import Any

from mainstay.transports.compatible.openai.kinds import unsupported

_TEXTS = frozenset({"text", "input_text", "output_text", "refusal"})
_NO_TEXT = "Only text is read here; send its text."


def text_of(content: Any, field: str) -> str:
    """Give the text of a content; raises ParameterUnsupported for images, sound and files."""
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        raise unsupported(field, "Write a text, or a list of parts.")
    return "".join(_part(part, f"{field}.{place}") for place, part in enumerate(content))


def _part(part: Any, field: str) -> str:
    kind = part.get("type") if isinstance(part, dict) else None
    if kind not in _TEXTS:
        raise unsupported(field, _NO_TEXT)
    text = part.get("refusal") if kind == "refusal" else part.get("text")
    if not isinstance(text, str):
        raise unsupported(field, "A part of text has a `text`.")
    return text
