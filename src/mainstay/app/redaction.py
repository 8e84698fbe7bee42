"""What must not reach a log: secrets and e-mail addresses, taken out of every record before it is written."""

import logging
import re
from collections.abc import Iterator, Sequence

from pydantic import SecretStr

from mainstay.app.settings import Settings

_SHORTEST = 8
_NAMES = (
    r"authorization|cookie|api[_-]?key|token|secret|password|passwd|passphrase"  # or the end of a longer name
)
_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\b(?:mk|ms[a-z]|mcs|mac|mrt)_[\w-]{8,}|\bhvs\.[\w-]{8,}"), "[key]"),
    (re.compile(r"\beyJ[\w-]{4,}\.[\w-]{4,}(?:\.[\w-]*)?"), "[token]"),
    (re.compile(r"(?i)(\b[a-z][a-z0-9+.-]{1,20}://[^\s:/@]{0,200}):[^\s@/]{1,200}@"), r"\1:[password]@"),
    (re.compile(rf"(?i)({_NAMES})\b(['\"]?\s?[:=,]\s?(?:b?['\"])?)(?:(?:bearer|basic)\s+)?(?!\[secret)[^\s'\",;&}})\]]+"),
     r"\1\2[secret]"),
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{8,}"), r"\1 [secret]"),
    (re.compile(r"[^\s@<>\"'(),:;=\[\]]{1,64}@[^\s@<>\"'(),:;=/\[\]]{1,190}\.[^\W\d_]{2,24}\b"),
     "[e-mail]"),
)  # fmt: skip
"""What a secret looks like; each repetition is bounded, so that a long line costs no more than its length."""


class Redaction(logging.Filter):
    """Rewrites records: message, traceback, stack; to be put on each handler, which every record passes."""

    def __init__(self, secrets: Sequence[str] = ()) -> None:
        """Take further secrets that have no form of their own, such as a password in the settings."""
        super().__init__()
        self._secrets = sorted((each for each in secrets if len(each) >= _SHORTEST), key=len, reverse=True)
        self._formatter = logging.Formatter()

    def told(self, text: str) -> str:
        """Give a text without what must not be told."""
        for secret in self._secrets:
            text = text.replace(secret, "[secret]")
        for pattern, instead in _RULES:
            text = pattern.sub(instead, text)
        return text

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite a record, and let it pass."""
        record.msg, record.args = self.told(record.getMessage()), None
        if record.exc_info and not record.exc_text:
            record.exc_text = self._formatter.formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = self.told(record.exc_text)
        if record.stack_info:
            record.stack_info = self.told(record.stack_info)
        return True


def _secrets(settings: Settings) -> Iterator[str]:
    for _, value in settings:
        if isinstance(value, SecretStr):
            yield value.get_secret_value()


def redact_logs(settings: Settings) -> None:
    """Let no handler of the root logger, through which all records go, write a secret."""
    redaction = Redaction(list(_secrets(settings)))
    for handler in logging.getLogger().handlers:
        handler.addFilter(redaction)
