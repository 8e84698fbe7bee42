"""Models: whatever of the house can be talked to, by its name."""

from mainstay.transports.compatible.openai.asking import Asked
from mainstay.transports.compatible.openai.embeddings import EMBEDDING
from mainstay.transports.compatible.openai.errors import ModelMissing
from mainstay.transports.compatible.openai.kinds import KINDS, Model
from mainstay.transports.compatible.openai.replies import Told
from mainstay.transports.compatible.openai.rerank import RERANK
from mainstay.transports.compatible.openai.table import Endpoint

_SILENT = {EMBEDDING: "language.embed", RERANK: "language.rerank"}
_MISSING = "List the models to see what you may use: GET /v1/models."


def shown(model: Model) -> dict[str, object]:
    """Describe a model."""
    return {"id": model.name, "object": "model", "created": model.created_s, "owned_by": model.owner}


async def list_models(asked: Asked) -> Told:
    """List the models that the caller may use."""
    found = await _all(asked)
    return Told({"object": "list", "data": [shown(model) for model in found]})


async def retrieve_model(asked: Asked) -> Told:
    """Give one model; its name may hold a slash, written as such or encoded."""
    name = "/".join(asked.path.values())
    found = next((model for model in await _all(asked) if model.name == name), None)
    if found is not None:
        return Told(shown(found))
    raise ModelMissing(_MISSING, problems=[{"field": "model", "problem": "There is no such model."}])


async def _all(asked: Asked) -> list[Model]:
    """Give what talks, embeds and ranks, as far as the caller may use it."""
    found = [model for kind in KINDS for model in await kind.all(asked)]
    found += [Model(name, "mainstay", 0) for name, operation in _SILENT.items() if asked.has(operation)]
    return found


ENDPOINTS = (
    Endpoint("GET", "/models", "identity.whoami", list_models),
    Endpoint("GET", "/models/{model}", "identity.whoami", retrieve_model),
    Endpoint("GET", "/models/{owner}/{model}", "identity.whoami", retrieve_model),
)
