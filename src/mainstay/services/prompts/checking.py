"""Whether templates, variables and values fit each other, and what becomes of them together; no I/O."""

import json
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from mainstay.services.prompts.failures import RenderingTooLarge, TemplateInvalid, VariablesUnfit
from mainstay.services.prompts.records import (
    TEMPLATE_CHARACTERS_MAX,
    VARIABLE_CHARACTERS_MAX,
    VARIABLES_MAX,
    PromptMessage,
    PromptVersion,
    RenderedMessage,
    Variable,
)
from mainstay.services.prompts.templates import (
    Node,
    Rendering,
    TemplateBroken,
    TooMuchText,
    ValueMissing,
    all_names,
    names_in,
    parsed,
)

_KINDS: Mapping[str, tuple[type, ...]] = {
    "text": (str,),
    "number": (int, float),
    "boolean": (bool,),
    "list": (list,),
    "object": (dict,),
    "any": (object,),
}


def fitting(
    messages: Sequence[PromptMessage], text: str, variables: Sequence[Variable] | None
) -> tuple[list[PromptMessage], list[Variable]]:
    """Give messages and variables that fit each other; raises TemplateInvalid naming each field.

    Left out, variables are told from the templates.
    """
    if messages and text:
        raise _template("messages", "Give either `messages` or a `text`, which is one message of the user.")
    if not messages and not text:
        raise _template("text", "Write a `text` that is not empty, or give `messages`.")
    whole = list(messages) or [PromptMessage(role="user", content=text)]
    if sum(len(message.content) for message in whole) > TEMPLATE_CHARACTERS_MAX:
        raise _template("messages", f"All together may have {TEMPLATE_CHARACTERS_MAX:,} characters at most.")
    nodes = _nodes(whole, "messages" if messages else "text")
    plain = {name for each in nodes for name in names_in(each).plain}
    sections = {name for each in nodes for name in names_in(each).sections}
    if any(len(name) > VARIABLE_CHARACTERS_MAX for name in plain | sections):
        raise _template(
            "variables", f"A name may have {VARIABLE_CHARACTERS_MAX} characters at most: shorten it."
        )
    if variables is None:
        told = [Variable(name=name, required=name in plain) for name in sorted(plain | sections)]
        if len(told) > VARIABLES_MAX:
            raise _template("variables", f"A prompt may have {VARIABLES_MAX} variables at most.")
        return whole, told
    used = frozenset[str]().union(*(all_names(each) for each in nodes))
    _declared(variables, plain, sections, used)
    return whole, list(variables)


def _declared(
    variables: Sequence[Variable], plain: AbstractSet[str], sections: AbstractSet[str], used: AbstractSet[str]
) -> None:
    """Make sure that variables are those that templates name; raises TemplateInvalid."""
    names = [variable.name for variable in variables]
    if len(set(names)) < len(names):
        raise _template("variables", "Two variables have the same name.")
    if undeclared := sorted((plain | sections) - set(names)):
        raise _template("variables", f"The template names {', '.join(undeclared)}, which is not declared.")
    if unused := sorted(set(names) - used):
        raise _template("variables", f"The template does not name {', '.join(unused)}: leave it out.")
    for place, variable in enumerate(variables):
        if variable.default is not None and not _is(variable.kind, variable.default):
            raise _template(f"variables.{place}.default", f"It is no {variable.kind}.")
        if variable.name in plain and not variable.required and variable.default is None:
            told_words = f"`{variable.name}` stands outside of a section: it is required, or has a default."
            raise _template(f"variables.{place}.required", told_words)


def rendered(version: PromptVersion, values: Mapping[str, Any]) -> list[RenderedMessage]:
    """Put values into a version; raises VariablesUnfit and RenderingTooLarge."""
    whole = _whole(version.variables, values)
    rendering = Rendering()
    try:
        return [
            RenderedMessage(role=message.role, content=rendering.text(parsed(message.content), whole))
            for message in version.messages
        ]
    except ValueMissing as missing:
        name = str(missing)
        problem = f"`{name}` is not there, or is null: give it, or write a section around it."
        raise VariablesUnfit(
            "Check the variables.", problems=[_problem(f"variables.{name}", problem)]
        ) from None
    except TooMuchText as large:
        raise RenderingTooLarge(f"{large} Send less.") from None


def _whole(variables: Sequence[Variable], values: Mapping[str, Any]) -> dict[str, Any]:
    """Give all values with the defaults; raises VariablesUnfit for what is missing, superfluous or wrong."""
    known = {variable.name: variable for variable in variables}
    problems = [
        _problem(f"variables.{name}", f"The prompt has no such variable; it has {_listed(known)}.")
        for name in values
        if name not in known
    ]
    whole = {name: variable.default for name, variable in known.items() if variable.default is not None}
    for name, variable in known.items():
        given = values.get(name)
        if given is None:
            if variable.required and variable.default is None:
                problems.append(_problem(f"variables.{name}", "It is required."))
        elif _is(variable.kind, given):
            whole[name] = given
        else:
            problems.append(_problem(f"variables.{name}", f"It has to be a {variable.kind}."))
    if problems:
        named = ", ".join(each["field"] for each in problems)
        raise VariablesUnfit(f"Check these fields: {named}.", problems=problems)
    return whole


def _is(kind: str, value: object) -> bool:
    if kind == "number" and isinstance(value, bool):
        return False
    return isinstance(value, _KINDS[kind])


def _nodes(messages: Sequence[PromptMessage], field: str) -> list[list[Node]]:
    found = []
    for place, message in enumerate(messages):
        try:
            found.append(parsed(message.content))
        except TemplateBroken as broken:
            raise _template("text" if field == "text" else f"messages.{place}.content", str(broken)) from None
    return found


def _listed(known: Mapping[str, Variable]) -> str:
    names = sorted(known)
    return f"{', '.join(names[:20])}{' …' if len(names) > 20 else ''}" if names else "none"  # noqa: PLR2004 - enough to see which


def _template(field: str, problem: str) -> TemplateInvalid:
    return TemplateInvalid(f"{field}: {problem}", problems=[_problem(field, problem)])


def _problem(field: str, problem: str) -> dict[str, str]:
    return {"field": field, "problem": problem}


def facts_of(version: PromptVersion) -> dict[str, Any]:
    """Give what of a version is compared beside its texts."""
    settings = {f"settings.{name}": value for name, value in version.settings.model_dump().items()}
    variables = {f"variables.{each.name}": each.model_dump(exclude={"name"}) for each in version.variables}
    return {**settings, **variables}


def changed(before: PromptVersion, after: PromptVersion) -> dict[str, list[Any]]:
    """Give settings and variables that differ, as they were and as they are."""
    old, new = facts_of(before), facts_of(after)
    return {
        name: [old.get(name), new.get(name)]
        for name in sorted(old.keys() | new.keys())
        if json.dumps(old.get(name)) != json.dumps(new.get(name))
    }
