"""Copies of requests and answers that may be kept: of a bounded length, without secrets, without files."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, SecretStr

from mainstay.kernel.interface import Upload

HIDDEN = "[hidden]"
CUT = "[cut]"
_DEPTH_MAX = 20
_PLAIN_COST = 8
_BETWEEN_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[\W_]+")
_SECRET_NAME = re.compile(
    r".*(?:password|passphrase|passwd|secret).*"
    r"|.*(?:token|credential|cookie|authorization|assertion|apikey)s?(?:_?\d+)?"
    r"|(?:.*_)?(?:key|otp|totp|pwd)s?(?:_?\d+)?"
    r"|code|recovery_?codes?|code_?verifier|saml_?response"
)
"""Names of fields that are secret, in small letters with `_` between their words."""
_SECRET = re.compile(
    r"(?:mk|ms[a-z]|mac|mcs|mrt)_[0-9A-Za-z]{8,}|otpauth://\S+|eyJ[\w-]{8,}(?:\.[\w-]*)*|(?<=\bBearer )\S+",
    re.ASCII,
)
"""API keys, secrets of people and of clients, codes, JSON web tokens and bearer credentials, wherever they
stand; cut ones too."""


@dataclass
class Copying:
    """Copies values until so many characters are copied; `cut` says that something was left out."""

    hidden: frozenset[str]
    left: int
    cut: bool = False

    def copy(self, value: object, depth: int = 0) -> Any:
        """Copy a value; what a field's name or a text's form says is secret is hidden."""
        if self.left <= 0 or depth > _DEPTH_MAX:
            self.cut = True
            return CUT
        if isinstance(value, str):
            return self._text(value)
        self.left -= _PLAIN_COST
        if isinstance(value, BaseModel):
            return self._fields(dict(iter(value)), depth)  # a field `keys` makes it look like a mapping
        if isinstance(value, Mapping):
            return self._fields(value, depth)
        if isinstance(value, list | tuple | set | frozenset):
            return self._several(value, depth)
        return self._single(value)

    def _single(self, value: object) -> Any:
        if value is None or isinstance(value, bool | int | float):
            return value
        if isinstance(value, SecretStr):
            return HIDDEN
        if isinstance(value, Upload):
            name = self._text(value.name)
            return {"file": name, "media_type": value.media_type, "bytes": len(value.content)}
        return self._text(f"[{len(value)} bytes]" if isinstance(value, bytes) else str(value))

    def _fields(self, fields: Mapping[Any, object], depth: int) -> dict[str, Any]:
        copied: dict[str, Any] = {}
        for name, value in fields.items():
            if self.left <= 0:
                self.cut = True
                break
            told = self._text(str(name))
            secret = _is_secret(told) or told.casefold() in self.hidden
            copied[told] = HIDDEN if secret and value is not None else self.copy(value, depth + 1)
        return copied

    def _several(self, values: Iterable[object], depth: int) -> list[Any]:
        copied = []
        for value in values:
            if self.left <= 0:
                self.cut = True
                break
            copied.append(self.copy(value, depth + 1))
        return copied

    def _text(self, text: str) -> str:
        kept = text[: self.left]
        self.cut = self.cut or len(kept) < len(text)
        self.left -= len(kept) + 1
        return _SECRET.sub(HIDDEN, kept)


def _is_secret(name: str) -> bool:
    """Say whether a field's name, however its words are joined, is that of a secret."""
    words = "_".join(word for word in _BETWEEN_WORDS.split(name) if word)
    return _SECRET_NAME.fullmatch(words.casefold()) is not None
