"""Contents of messages: text, alone or in parts, and images; what is neither is refused by name."""

from typing import Any

from mainstay.transports.compatible.openai.kinds import unsupported

_TEXTS = frozenset({"text", "input_text", "output_text", "refusal"})
_IMAGES = frozenset({"image_url", "input_image"})
_NO_TEXT = "Only text is read here, and images of the user; send its text."


def split(content: Any, field: str) -> tuple[str, list[str]]:
    """Give a content's text, and the addresses of its images; raises ParameterUnsupported."""
    if not isinstance(content, list):
        return text_of(content, field), []
    images = [
        _image(part, f"{field}.{place}") for place, part in enumerate(content) if _kind(part) in _IMAGES
    ]
    texts = [
        _part(part, f"{field}.{place}") for place, part in enumerate(content) if _kind(part) not in _IMAGES
    ]
    return "".join(texts), images


def text_of(content: Any, field: str) -> str:
    """Give the text of a content; raises ParameterUnsupported for images, sound and files."""
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        raise unsupported(field, "Write a text, or a list of parts.")
    return "".join(_part(part, f"{field}.{place}") for place, part in enumerate(content))


def word(value: Any) -> str:
    """Give a word that something is known by; whatever else was sent in its place is known to nobody."""
    return value if isinstance(value, str) else ""


def _kind(part: Any) -> str:
    return word(part.get("type")) if isinstance(part, dict) else ""


def _image(part: dict[str, Any], field: str) -> str:
    """Give an image's address: `{"image_url": {"url": …}}`, or `{"image_url": …}` in responses."""
    told = part.get("image_url")
    url = told.get("url") if isinstance(told, dict) else told
    if not isinstance(url, str):
        raise unsupported(field, "Send an image by its `image_url`: https://… or data:image/…;base64,….")
    return url


def _part(part: Any, field: str) -> str:
    kind = _kind(part)
    if kind not in _TEXTS:
        raise unsupported(field, _NO_TEXT)
    text = part.get("refusal") if kind == "refusal" else part.get("text")
    if not isinstance(text, str):
        raise unsupported(field, "A part of text has a `text`.")
    return text
