"""What the patterns of texts mean, in words for people; the documents have them as they are."""

from collections.abc import Mapping

_NAME = "Use letters, digits and {others} alone."
_SMALL = "Use small letters a to z, digits{others}; begin with a letter."

WORDS: Mapping[str, str] = {
    r"^[\w-]+$": _NAME.format(others="`_` `-`"),
    r"^[\w-]*$": _NAME.format(others="`_` `-`"),
    r"^[\w.-]*$": _NAME.format(others="`_` `.` `-`"),
    r"^[a-z0-9_-]*$": "Use small letters a to z, digits, `_` and `-` alone.",
    r"^[A-Za-z_][A-Za-z0-9_]*$": "Use letters a to z, digits and `_`; begin with no digit.",
    r"^[\w.:@/-]*$": _NAME.format(others="`_` `.` `:` `@` `/` `-`"),
    r"^[\w-][\w.-]*$": "Use letters, digits and `_` `.` `-` alone; begin with no `.`.",
    r"^[\w.-]+$": _NAME.format(others="`_` `.` `-`"),
    r"^\w+$": _NAME.format(others="`_`"),
    r"^[\w:-]+$": _NAME.format(others="`_` `:` `-`"),
    r"^[\w:.-]*$": _NAME.format(others="`_` `:` `.` `-`"),
    r"^[\w@.+-]+$": _NAME.format(others="`_` `@` `.` `+` `-`"),
    r"^[\w.:@/-]+$": _NAME.format(others="`_` `.` `:` `@` `/` `-`"),
    r"^[A-Za-z0-9_-]+$": "Use letters a to z, digits, `_` and `-` alone.",
    r"^[0-9A-Za-z -]+$": "Use letters a to z, digits, spaces and `-` alone.",
    r"^[\w][\w .:@/-]*$": "Begin with a letter or digit; use these, spaces and `_` `.` `:` `@` `/` `-`.",
    r"^(\*|[\w.:@/-]+)$": "Write `*`, or letters, digits and `_` `.` `:` `@` `/` `-` alone.",
    r"^[\w-]+(\.[\w-]+)*$": "Write field names of letters, digits, `_` and `-`, with dots between them.",
    r"^[a-z][a-z0-9_-]*$": _SMALL.format(others=", `_` and `-`"),
    r"^[a-z][a-z0-9_]*$": _SMALL.format(others=" and `_`"),
    r"^[a-z0-9][a-z0-9_-]*$": "Use small letters a to z, digits, `_` and `-`; begin with a letter or digit.",
    r"^[a-z0-9_]*$": "Use small letters a to z, digits and `_` alone.",
    r"^[a-z_.]*$": "Use small letters a to z, `_` and `.` alone.",
    r"^[a-z]{2}$": "Write two small letters, as `en`.",
    r"^[a-z]{2,3}$": "Write two or three small letters, as `en`.",
    r"^([A-Z]{2})?$": "Write two capital letters, as `DE`.",
    r"^[a-z][a-z0-9_-]*:[a-z][a-z0-9_-]*$": "Write a permission as `documents:read`.",
    r"^[a-z_]+\.[a-z_]+$": "Write an operation as `knowledge.search`.",
    r"^[\x21-\x7e]+$": "Use letters a to z, digits and signs of ASCII, without spaces.",
    r"^[\x21-\x7e]*$": "Use letters a to z, digits and signs of ASCII, without spaces.",
    r"^[!-~]+$": "Use letters a to z, digits and signs of ASCII, without spaces.",
    r"^[\x20-\x7e]*$": "Use letters a to z, digits, spaces and signs of ASCII.",
    r"^[\x20-\x7e]+$": "Use letters a to z, digits, spaces and signs of ASCII.",
    r"[^\W_]": "Write at least one letter or digit.",
    r"^([0-9A-Fa-f]{32})?$": "Write 32 digits of base 16.",
    r"^[0-9a-f]{64}$": "Write 64 digits of base 16, in small letters.",
    r"^(#[0-9a-fA-F]{6})?$": "Write a colour as #1d4ed8.",
    r"^(https://[A-Za-z0-9][A-Za-z0-9.:-]*|http://(localhost|127\.0\.0\.1)(:[0-9]{1,5})?)$": (
        "Write an origin without a path, as https://www.example.com (of this machine http://localhost:3000)."
    ),
    r"^[A-Za-z0-9_-]{43}$": "Write the challenge of `S256`: 43 letters, digits, `_` or `-` (RFC 7636).",
    r"^[A-Za-z0-9._~-]{43,128}$": "Write 43 to 128 letters, digits, `.`, `_`, `~` or `-` (RFC 7636).",
    r"^[A-Za-z0-9+/= \t\r\n]+$": "Write base64.",
    r"^([0-9]{4}-[0-9]{2}-[0-9]{2})?$": "Write a day as 2027-01-31.",
}
"""Patterns that say one thing each; a longer one is told by what its text is, below."""

_KINDS: tuple[tuple[str, str], ...] = (
    (r"^(assistants|", "Write what it is for, as `assistants`, `batch` or `user_data`."),
    (r"@[^", "Write an e-mail address, as ada@example.com."),
    (r"^data:", "Write data:application/pdf;base64,… and the file's content in base64."),
    (r"^(https://[^\x00-\x20]+|data:image/", "Write https://…, or data:image/png;base64,… and the image."),
    (r"^https?://", "Write an address that begins with https:// or http://."),
    (
        r"^(https://|http://(localhost",
        "Write an address that begins with https:// (on this machine http://).",
    ),
    (r"[Tt", "Write a moment with its offset, as 2027-01-31T12:00:00Z."),
    (r"^([0-9]{1,16}", "Write it as the answer before gave it."),
    (r"(?:[a-z0-9-]{0,62}\.)", "Write the name of a host, as example.com."),
    (r"^/(?:", "Write a path on this server, as /account/sessions."),
    (r"^[^\x00", "Leave out control characters."),
)


def in_words(pattern: str) -> str:
    """Say what a text has to be so that it matches a pattern; an unknown one is told as it is."""
    unknown = f"Write it so that it matches `{pattern}`."
    return WORDS.get(pattern) or next((words for part, words in _KINDS if part in pattern), unknown)
