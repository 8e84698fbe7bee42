"""Contents of messages: text, alone or in parts, images and files; what is neither is refused by name."""

from typing import Any

from mainstay.transports.compatible.openai.kinds import unsupported

_TEXTS = frozenset({"text", "input_text", "output_text", "refusal"})
_IMAGES = frozenset({"image_url", "input_image"})
_FILES = frozenset({"file", "input_file"})
_NO_TEXT = "Only text is read here, and images and files of the user; send its text."


def split(content: Any, field: str) -> tuple[str, dict[str, list[Any]]]:
    """Give a content's text, and its images and files, if there are any; raises ParameterUnsupported."""
    if not isinstance(content, list):
        return text_of(content, field), {}
    texts: list[str] = []
    images: list[Any] = []
    files: list[Any] = []
    for place, part in enumerate(content):
        if _kind(part) in _IMAGES:
            images.append(_image(part, f"{field}.{place}"))
        elif _kind(part) in _FILES:
            files.append(_file(part, f"{field}.{place}"))
        else:
            texts.append(_part(part, f"{field}.{place}"))
    found = {"images": images, "files": files}
    return "".join(texts), {name: each for name, each in found.items() if each}


def text_of(content: Any, field: str) -> str:
    """Give the text of a content; raises ParameterUnsupported for images, sound and files."""
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        raise unsupported(field, "Write a text, or a list of parts.")
    return "".join(_part(part, f"{field}.{place}") for place, part in enumerate(content))


def places_of_images(content: Any) -> list[int]:
    """Say where in a content images stand."""
    if not isinstance(content, list):
        return []
    return [place for place, part in enumerate(content) if _kind(part) in _IMAGES]


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


def _file(part: dict[str, Any], field: str) -> dict[str, str]:
    """Give a file: `{"file": {"filename": …, "file_data": …}}`, or these two beside the type in responses."""
    told = part.get("file") if _kind(part) == "file" else part
    content, name = (told.get("file_data"), told.get("filename")) if isinstance(told, dict) else (None, None)
    if not isinstance(content, str):
        raise unsupported(
            field,
            "Send a file by its `filename` and `file_data`, data:application/pdf;base64,…; stored files are "
            "searched by responses, with the tool `file_search`.",
        )
    return {"name": name if isinstance(name, str) and name else "file", "content": content}


def _part(part: Any, field: str) -> str:
    kind = _kind(part)
    if kind not in _TEXTS:
        raise unsupported(field, _NO_TEXT)
    text = part.get("refusal") if kind == "refusal" else part.get("text")
    if not isinstance(text, str):
        raise unsupported(field, "A part of text has a `text`.")
    return text
