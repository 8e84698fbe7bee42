"""What known identity providers send otherwise than RFC 7643 and 7644 say, put right before it is read."""

import re
from collections.abc import Mapping
from typing import Any

_BOOLEANS = frozenset({"active", "primary"})
_COMPARED = re.compile(r'\b(active|primary)(\s+(?:eq|ne)\s+)"(true|false)"', re.IGNORECASE)
_SINGLE = frozenset(
    {"active", "displayname", "externalid", "locale", "preferredlanguage", "timezone", "title", "username"}
)


def expression(text: str) -> str:
    """Give a filter or a path in which booleans are none that pretend to be texts (Entra: `"True"`)."""
    return _COMPARED.sub(lambda found: f"{found[1]}{found[2]}{found[3].lower()}", text)


def resource(sent: Any, *, is_user: bool) -> Any:
    """Give a resource as the schema has it.

    A user without addresses has the one that is his name, and is active unless it is said that he is not.
    """
    tidy = _tidied(sent)
    if not is_user or not isinstance(tidy, dict):
        return tidy
    names = {name.casefold(): name for name in tidy}
    if "active" not in names:
        tidy["active"] = True
    emails, user_name = names.get("emails"), tidy.get(names.get("username", ""))
    if (emails is None or not tidy[emails]) and isinstance(user_name, str) and "@" in user_name:
        tidy[emails or "emails"] = [{"value": user_name, "type": "work", "primary": True}]
    return tidy


def says_active(sent: Any) -> bool:
    """Say whether a resource says of a user whether he is active."""
    return any(name.casefold() == "active" for name, _ in _items(sent))


def patch(sent: Any) -> Any:
    """Give a PATCH as the schema has it: booleans as such, and single values that came in a list."""
    operations = next((value for name, value in _items(sent) if name.casefold() == "operations"), None)
    if not isinstance(operations, list):
        return sent
    return {**sent, "Operations": [_operation(each) for each in operations]}


def _operation(sent: Any) -> Any:
    if not isinstance(sent, dict):
        return sent
    path = sent.get("path")
    if not isinstance(path, str):
        return _tidied(sent)
    value = _tidied(sent.get("value"))
    last = re.split(r"[.:]", path)[-1].casefold()
    if last in _SINGLE and isinstance(value, list) and len(value) == 1:
        [inner] = value
        value = inner.get("value") if isinstance(inner, dict) else inner
    if last in _BOOLEANS:
        value = _boolean(value)
    changed = {**sent, "path": expression(path)}
    return {**changed, "value": value} if "value" in sent else changed


def _tidied(value: Any) -> Any:
    if isinstance(value, list):
        return [_tidied(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        name: _boolean(each) if name.casefold() in _BOOLEANS else _tidied(each)
        for name, each in value.items()
        if (name, each) != ("$ref", None)
    }


def _boolean(value: Any) -> Any:
    if isinstance(value, str) and value.casefold() in {"true", "false"}:
        return value.casefold() == "true"
    return value


def _items(sent: Any) -> list[tuple[str, Any]]:
    return list(sent.items()) if isinstance(sent, Mapping) else []
