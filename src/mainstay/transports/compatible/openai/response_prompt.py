"""A response's `prompt`: a prompt that is kept here, with its variables, before what is sent along."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from mainstay.transports.compatible.openai.asking import Asked
from mainstay.transports.compatible.openai.kinds import unsupported
from mainstay.transports.compatible.openai.talk import Talk

_EXPOSE = "prompts.expose_prompt"
_LIST = "generation.list_generators"
_VERSION_DIGITS_MAX = 7


class PromptNamed(BaseModel):
    """A prompt, by its name; `version` is a number, or a label."""

    model_config = ConfigDict(extra="forbid")

    id: Annotated[str, Field(min_length=1, max_length=100)]
    version: Annotated[str | None, Field(max_length=32)] = None
    variables: Annotated[dict[str, Any] | None, Field(max_length=100)] = None


async def rendered(asked: Asked, named: PromptNamed, key: str) -> Any:
    """Put its values into a prompt, within an experiment if one runs; `key` stays with one arm.

    Nothing is counted yet: an answer that fails shows nobody anything.
    """
    if not asked.has(_EXPOSE):
        raise unsupported("prompt", "This key may not use prompts.")
    return await asked.unkeyed(_EXPOSE, **_values(named, key), counted=False)


async def count(asked: Asked, named: PromptNamed, key: str, prompt: Any) -> None:
    """Count that somebody was shown what a generator said to a prompt."""
    if prompt.prompt.exposure_id:
        await asked.unkeyed(_EXPOSE, **_values(named, key), shown=prompt.prompt.model_dump())


def _values(named: PromptNamed, key: str) -> dict[str, Any]:
    version = named.version or ""
    number = version.isdecimal() and len(version) <= _VERSION_DIGITS_MAX
    return {
        "name": named.id,
        "variables": {name: _value(name, value) for name, value in (named.variables or {}).items()},
        "unit": key[:200],
        **({"version": int(version)} if number else {"label": version}),
    }


async def model_of(asked: Asked, prompt: Any) -> str:
    """Name the prompt's generator, or the one that answers where none is named."""
    if prompt.settings.generator:
        return str(prompt.settings.generator)
    found = await asked(_LIST)
    if not found:
        raise unsupported("model", "Name one: this server has no generator of its own.")
    return str(found[0].name)


def before(talk: Talk, prompt: Any) -> Talk:
    """Put a prompt before what is said; what the request says itself outdoes the prompt's settings."""
    own, form = prompt.settings, prompt.settings.answer_format
    return replace(
        talk,
        messages=[*(each.model_dump() for each in prompt.messages), *talk.messages],
        answer_format=talk.answer_format or (None if form is None else form.model_dump()),
        temperature=own.temperature if talk.temperature is None else talk.temperature,
        top_p=own.top_p if talk.top_p is None else talk.top_p,
        tokens_max=own.tokens_max if talk.tokens_max is None else talk.tokens_max,
        stop=talk.stop or own.stop,
        hide_personal_data=own.hide_personal_data,
        cache=None if own.cache is None or talk.cache_s else own.cache.model_dump(),
        prompt=prompt.prompt.model_dump(),
    )


def _value(name: str, value: Any) -> Any:
    """Give a variable's value; of the protocol's items texts alone are known."""
    if isinstance(value, Mapping) and "type" in value:
        if value["type"] != "input_text":
            raise unsupported(f"prompt.variables.{name}", "Texts are known here; send images as input.")
        return value.get("text", "")
    return value
