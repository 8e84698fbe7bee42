"""What is wrong with a field, in words for people: the one place that knows the validator's own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from pydantic import BaseModel
from pydantic_core import ErrorDetails, ValidationError

from mainstay.kernel import patterns

_WORDS: Mapping[str, str] = {
    "missing": "This field is required.",
    "extra_forbidden": "There is no such field; check its spelling.",
    "int_type": "Write a whole number.",
    "int_parsing": "Write a whole number.",
    "int_from_float": "Write a whole number.",
    "int_parsing_size": "This number is too large.",
    "float_type": "Write a number.",
    "float_parsing": "Write a number.",
    "finite_number": "Write a number; infinity is none.",
    "bool_type": "Write true or false.",
    "bool_parsing": "Write true or false.",
    "string_type": "Write a text.",
    "string_unicode": "The text has characters that cannot be written in UTF-8.",
    "string_too_short": "Write at least {min_length} {characters}.",
    "string_too_long": "Write at most {max_length} {characters}.",
    "bytes_type": "Write a text.",
    "list_type": "Write a list.",
    "tuple_type": "Write a list.",
    "set_type": "Write a list.",
    "dict_type": "Write an object.",
    "model_type": "Write an object.",
    "model_attributes_type": "Write an object.",
    "none_required": "Leave it out, or write null.",
    "too_short": "Give at least {min_length} {entries}.",
    "too_long": "Give at most {max_length} {entries}.",
    "greater_than_equal": "Write {ge} or more.",
    "greater_than": "Write more than {gt}.",
    "less_than_equal": "Write {le} or less.",
    "less_than": "Write less than {lt}.",
    "literal_error": "Choose {expected}.",
    "enum": "Choose {expected}.",
    "union_tag_invalid": "As {discriminator} choose {expected_tags}.",
    "union_tag_not_found": "Say by {discriminator} of which kind it is.",
    "path_type": "Write a path.",
}
_KINDS: Mapping[type, str] = {
    str: "text",
    bytes: "text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    list: "a list",
    tuple: "a list",
    dict: "an object",
    type(None): "nothing",
}
_UNTOLD = frozenset({"missing", "extra_forbidden"})
_OTHER = (("Value error, ", ""), ("Assertion failed, ", ""), ("Input should be ", "It must be "))


_OF_KEY = "[key]"
_Place = tuple[str | int, ...]
_OTHER_KINDS = frozenset({"literal_error", "none_required"})


@dataclass(frozen=True)
class _Found:
    """An error, where it is in what was sent, and of which kinds it speaks where there is a choice."""

    where: _Place
    kinds: Sequence[tuple[_Place, str]]
    error: ErrorDetails

    @property
    def foreign(self) -> tuple[_Place, str] | None:
        """Give the kind, if the value is of another: what it says of that kind then says little."""
        told = self.error["type"]
        if (
            self.kinds
            and self.kinds[-1][0] == self.where
            and (told.endswith("_type") or told in _OTHER_KINDS)
        ):
            return self.kinds[-1]
        return None


def problems_of(
    refused: ValidationError, sent: object, model: type[BaseModel] | None = None
) -> list[dict[str, str]]:
    """Give a problem document's parts about every field of what was sent, each field once.

    Where a field may be of several kinds, the validator tells of each, under a name of its own: told here is
    of the kind that was sent, else which kinds there are. With the `model` that refused, fields are named
    that there are.
    """
    found = [_placed(error, sent) for error in refused.errors(include_url=False)]
    foreign = {each.foreign for each in found}
    meant = {place for each in found for place, kind in each.kinds if (place, kind) not in foreign}
    told: dict[str, list[dict[str, str]]] = {}
    for each in found:
        if not any(kind in foreign and kind[0] in meant for kind in each.kinds):
            problem = problem_of({**each.error, "loc": each.where})
            if model is not None:
                problem["problem"] = _named(problem["problem"], each, sent, model)
            told.setdefault(problem["field"], []).append(problem)
    return [{**each[0], "problem": _either([one["problem"] for one in each])} for each in told.values()]


def _named(words: str, found: _Found, sent: object, model: type[BaseModel]) -> str:
    """Name the fields of which one is meant, and those that an object has to have."""
    error = found.error
    if error["type"] == "extra_forbidden" and len(found.where) == 1 and isinstance(sent, Mapping):
        left = [f"`{name}`" for name in model.model_fields if name not in sent]
        return f"There is no such field; there {_listed(left)}." if left else words
    if error["type"] == "model_type":
        required = _required(model).get(str(error.get("ctx", {}).get("class_name")), ())
        return f"Write an object with {' and '.join(required)}." if required else words
    return words


def _listed(names: Sequence[str]) -> str:
    if len(names) == 1:
        return f"is {names[0]}"
    return f"are {', '.join(names[:-1])} and {names[-1]}"


@lru_cache(maxsize=256)
def _required(model: type[BaseModel]) -> Mapping[str, Sequence[str]]:
    """Give what each object within a model has to have."""
    parts = model.model_json_schema().get("$defs", {})
    return {name: [f"`{each}`" for each in part.get("required", ())] for name, part in parts.items()}


def _either(problems: Sequence[str]) -> str:
    """Join what would help, each once, as `Write a text, or write a list` with its point."""
    first, *others = (problem.rstrip(".") for problem in dict.fromkeys(problems))
    if not others:
        return problems[0]
    return f"{', or '.join([first, *(one[:1].lower() + one[1:] for one in others)])}."


def _placed(error: ErrorDetails, sent: object) -> _Found:
    """Find out which parts of an error's place are fields of what was sent, and which name a kind."""
    where, kinds = list[str | int](), list[tuple[_Place, str]]()
    value, last = sent, len(error["loc"]) - 1
    for place, part in enumerate(error["loc"]):
        inside = isinstance(value, Mapping) and part in value
        absent = error["type"] == "missing" and place == last
        if not (inside or absent or isinstance(part, int) or part == _OF_KEY):
            kinds.append((tuple(where), part))
            continue
        value = _item(value, part)
        where.append(part)
    return _Found(tuple(where), kinds, error)


def in_words(error: ErrorDetails) -> str:
    """Say what is wrong, and so what to write instead; the value itself is never repeated."""
    if error["type"] == "string_pattern_mismatch":
        return patterns.in_words(str(error["ctx"]["pattern"]))
    words = _WORDS.get(error["type"])
    if words is None:
        return _other(error["msg"])
    context = {name: _number(value) for name, value in error.get("ctx", {}).items()}
    one = "1" in (context.get("min_length"), context.get("max_length"))
    entries = "entry" if one else "entries"
    if context.get("field_type") in {"List", "Set", "Tuple"}:
        entries = "item" if one else "items"
    return words.format(**context, characters="character" if one else "characters", entries=entries)


def problem_of(error: ErrorDetails) -> dict[str, str]:
    """Give a problem document's part about one field: where, what, and which kind of value was sent."""
    where = ".".join(str(part) for part in error["loc"]) or "body"
    told = {"field": where, "problem": in_words(error)}
    if error["type"] in _UNTOLD:
        return told
    return {**told, "got": _KINDS.get(type(error["input"]), "a value of another kind")}


def _number(value: object) -> object:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return f"{value:,}" if isinstance(value, int | float) else value


def _other(message: str) -> str:
    for theirs, ours in _OTHER:
        if message.startswith(theirs):
            message = ours + message.removeprefix(theirs)
    message = message[:1].upper() + message[1:]
    return message if message.endswith((".", "!", "?", "`")) else f"{message}."


def _item(value: object, part: str | int) -> object:
    """Give what stands in something under a key or an index; None where nothing does."""
    if isinstance(value, Mapping):
        return value.get(part)
    return value[part] if isinstance(value, list) and isinstance(part, int) and part < len(value) else None
