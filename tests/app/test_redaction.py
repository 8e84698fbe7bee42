"""Nothing secret is written into a log, whatever is logged and however it comes there."""

import io
import logging
import time
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from mainstay.app.redaction import Redaction, redact_logs
from mainstay.app.settings import Settings
from makers import ADMIN_KEY, client, opened_house
from served import served

KEY = "mk_" + "aB3" * 16 + "z"
SESSION = "mss_" + "Zz9" * 14
JWT = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ1c2VyXzEifQ.c2lnbmF0dXJlLXNpZ25hdHVyZQ"
MAIL = "ada.lovelace+notes@mail.example.co.uk"
PLANTED = {
    f"the key {KEY} failed": KEY,
    f"session={SESSION};": SESSION,
    f"token was {JWT}.": JWT,
    "redeemed mac_0123456789abcdef": "mac_0123",
    "refreshed mrt_0123456789abcdef": "mrt_0123",
    "mailed msc_0123456789abcdef": "msc_0123",
    "client mcs_0123456789abcdef": "mcs_0123",
    "waiting msw_0123456789abcdef": "msw_0123",
    "GET /v1/me Authorization: Bearer abc.def-ghi": "abc.def-ghi",
    "{'authorization': 'Basic dXNlcjpwYXNz'}": "dXNlcjpwYXNz",
    "[(b'authorization', b'Bearer s3cr3t-value')]": "s3cr3t-value",
    "x-api-key: plain-text-key": "plain-text-key",
    "POST /token?client_secret=hush-hush&grant=x": "hush-hush",
    '{"password": "correct horse"}': "correct",
    '{"newPassword": "horse-battery"}': "horse-battery",
    "old_password=staple-9": "staple-9",
    "postgresql://mainstay:pa55word@db.example.com/x": "pa55word",
    "redis://:pa55word@127.0.0.1:6379/0": "pa55word",
    f"mail to {MAIL} bounced": MAIL,
    f"<{MAIL}>": "lovelace",
    "müller@bücher.example": "müller",
    "the setting is a-secret-of-the-settings!": "a-secret-of-the-settings",
}
HARMLESS = (
    "rest knowledge.search ok 1.2 ms req_01k9z6q7h8e4v5c3x2b1n0m9a8",
    "http://127.0.0.1:8080/v1/documents?limit=5",
    "10:00:00 12 of 14 tokens, key_01k9z6q7h8e4v5c3x2b1n0m9a8 of tenant_01k9z6q7h8e4v5c3x2b1n0m9a8",
)


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Let everything be logged, as a server does it."""
    written = io.StringIO()
    root, handler = logging.getLogger(), logging.StreamHandler(written)
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
    root.addHandler(handler)
    level = root.level
    root.setLevel(logging.DEBUG)
    redact_logs(Settings(admin_key=ADMIN_KEY, encoder_key="a-secret-of-the-settings"))
    yield written
    root.setLevel(level)
    root.removeHandler(handler)
    for other in root.handlers:
        for each in [each for each in other.filters if isinstance(each, Redaction)]:
            other.removeFilter(each)


def fail(text: str) -> None:
    try:
        int(text)  # which says what it was given
    except ValueError as cause:
        raise RuntimeError("around it") from cause


@pytest.mark.parametrize("text", PLANTED)
def test_a_planted_secret_is_not_written(log: io.StringIO, text: str) -> None:
    logger = logging.getLogger("mainstay.deep.below")
    logger.warning(text)
    logger.warning("%s and %d", text, 5)
    logger.warning("stack", stack_info=True)
    try:
        fail(text)
    except RuntimeError:
        logger.exception("It failed: %r", {"told": text})
    assert PLANTED[text] not in log.getvalue()
    assert "around it" in log.getvalue(), "the rest is written"
    assert log.getvalue().count(" and 5") == 1


@pytest.mark.parametrize("text", HARMLESS)
def test_what_is_harmless_stays_as_it_is(text: str) -> None:
    assert Redaction().told(text) == text


def test_a_long_line_costs_no_more_than_its_length() -> None:
    for piece in ("a", "a@", "eyJaaaa.", "mk_", "x://", "bearer ", "token=", "é.@"):
        started = time.perf_counter()
        Redaction().told(piece * (400_000 // len(piece)))
        assert time.perf_counter() - started < 5, piece


async def test_requests_and_failures_leave_no_secret(
    log: io.StringIO, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened_house(tmp_path / "data") as house:
        me = client(house)
        made = await me.call("identity.create_key", name="Website")

        async def broken(*_: object, **__: object) -> None:
            raise RuntimeError(f"{made.key} of {MAIL} with {JWT} at postgresql://a:pa55word@host/")

        monkeypatch.setattr("mainstay.services.knowledge.service.KnowledgeService.search", broken)
        async with served(house) as url, aiohttp.ClientSession() as session:
            for headers in (
                {"Authorization": f"Bearer {made.key}"},
                {"X-API-Key": made.key},
                {"Authorization": f"Bearer {JWT}"},
                {"Authorization": f"Bearer {made.key}", "X-Request-Id": MAIL},
            ):
                for path in ("/v1/me", f"/v1/search/vector?query={MAIL}", f"/v1/{made.key}?token={JWT}"):
                    async with session.get(url + path, headers=headers) as answer:
                        await answer.read()
    written = log.getvalue()
    assert "An unexpected error" in written, "else nothing was tried"
    for secret in (made.key, JWT, MAIL, "pa55word", ADMIN_KEY):
        assert secret not in written, secret
