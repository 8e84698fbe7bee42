"""What is wrong with a field, in words for people: the one place that knows the validator's own."""

from collections.abc import Mapping

from pydantic_core import ErrorDetails

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
