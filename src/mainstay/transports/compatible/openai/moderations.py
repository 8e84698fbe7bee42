"""Moderations: of which unwanted kinds texts are, in the protocol's shape."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from mainstay.transports.compatible.openai.asking import Asked, checked
from mainstay.transports.compatible.openai.chat_request import heeded
from mainstay.transports.compatible.openai.kinds import unsupported
from mainstay.transports.compatible.openai.replies import Reply, Told
from mainstay.transports.compatible.openai.table import Endpoint

_MODERATE = "language.moderate"
_MODEL = "omni-moderation-latest"
_AT_ONCE, _INPUTS_MAX, _PARTS_MAX = 256, 2048, 32
_TEXTS_ALONE = "Texts alone are judged here: leave images out, or ask a person."

_Text = Annotated[str, Field(min_length=1)]


class _Part(BaseModel):
    """A part of one input; images have been refused before."""

    model_config = ConfigDict(extra="forbid")

    type: str
    text: _Text


class ModerationRequest(BaseModel):
    """A request for moderations. Any name of a model is taken: one head judges, whatever it is called."""

    model_config = ConfigDict(extra="forbid")

    input: (
        _Text
        | Annotated[list[_Text], Field(min_length=1, max_length=_INPUTS_MAX)]
        | Annotated[list[_Part], Field(min_length=1, max_length=_PARTS_MAX)]
    )
    model: Annotated[str | None, Field(min_length=1, max_length=200)] = None


async def create_moderation(asked: Asked) -> Reply:
    """Judge texts; the parts of one input are judged together."""
    asked.names = {"texts": "input"}
    sent = await asked.json()
    given = sent.get("input")
    for place, part in enumerate(given if isinstance(given, list) else ()):
        if isinstance(part, dict) and part.get("type") != "text":
            raise unsupported(f"input.{place}.type", _TEXTS_ALONE)
    request = checked(ModerationRequest, heeded(sent, {}, ModerationRequest))
    texts = _texts(request)
    judged = [
        each
        for start in range(0, len(texts), _AT_ONCE)
        for each in (await asked(_MODERATE, texts=texts[start : start + _AT_ONCE])).results
    ]
    return Told(
        {
            "id": f"modr-{asked.exchange.request_id}",
            "model": request.model or _MODEL,
            "results": [_shown(each) for each in judged],
        }
    )


def _texts(request: ModerationRequest) -> list[str]:
    if isinstance(request.input, str):
        return [request.input]
    texts = [each for each in request.input if isinstance(each, str)]
    return texts or ["\n".join(each.text for each in request.input if isinstance(each, _Part))]


def _shown(judged: Any) -> dict[str, Any]:
    """Show what was found; `unsupported` is this server's own, and so is the language."""
    silent = set(judged.unsupported)
    return {
        "flagged": judged.flagged,
        "categories": judged.categories,
        "category_scores": judged.scores,
        "category_applied_input_types": {
            name: [] if name in silent else ["text"] for name in judged.categories
        },
        "language": judged.language,
        "unsupported": judged.unsupported,
    }


ENDPOINTS = (Endpoint("POST", "/moderations", _MODERATE, create_moderation, batched=True),)
