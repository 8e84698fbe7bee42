"""How failures are told over HTTP."""

import re
from collections.abc import Iterator

import pytest

from mainstay.kit.errors import KINDS, Failure, Invalid, Unavailable
from mainstay.ports.chat import ChatUnavailable, GeneratorUnset
from mainstay.transports.compatible.openai import errors
from mainstay.transports.rest import problems


def _subclasses(kind: type[Failure]) -> Iterator[type[Failure]]:
    for each in kind.__subclasses__():
        yield each
        yield from _subclasses(each)


class DocumentTooLarge(Invalid):
    """A document is too large."""

    title = "The document is too large"


@pytest.mark.parametrize(
    ("kind", "status"),
    list(zip(KINDS, (422, 401, 403, 404, 409, 429, 503), strict=True)),
)
def test_each_kind_has_its_status(kind: type[Failure], status: int) -> None:
    assert problems.status_of(kind) == status


def test_a_failure_has_the_status_of_its_nearest_ancestor() -> None:
    assert problems.status_of(DocumentTooLarge) == 422
    assert problems.status_of(problems.HeaderRepeated) == 400
    assert problems.status_of(problems.BodyTooLarge) == 413
    assert problems.status_of(Failure) == 500


def test_a_code_becomes_a_readable_address() -> None:
    assert problems.slug("DocumentTooLarge") == "document-too-large"
    assert problems.slug("HTTPBroken") == "http-broken"


def test_every_failure_of_the_house_has_its_own_address() -> None:
    found = {problems.slug(each.code()) for each in _subclasses(Failure)}
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug) for slug in found)


def test_a_problem_says_what_and_what_next() -> None:
    failure = DocumentTooLarge("Send at most 5 MB.", problems=[{"field": "text", "problem": "Too long."}])
    assert problems.problem(failure, "req_1") == {
        "type": "/problems/document-too-large",
        "title": "The document is too large",
        "status": 422,
        "detail": "Send at most 5 MB.",
        "code": "DocumentTooLarge",
        "request_id": "req_1",
        "errors": [{"field": "text", "problem": "Too long."}],
    }


def test_a_problem_says_when_to_try_again() -> None:
    assert problems.problem(Unavailable(retry_after_s=1.23456), "r")["retry_after_s"] == 1.235


def test_a_bug_tells_nothing_but_its_request() -> None:
    told = problems.bug("req_2")
    assert told["status"] == 500
    assert told["request_id"] == "req_2"
    assert told["code"] == "InternalError"


def test_a_problem_with_a_lone_surrogate_is_still_sent() -> None:
    assert problems.encoded({"detail": "\ud800"}) == b'{"detail":"?"}'


def test_clients_do_not_ask_again_for_what_nobody_has_set() -> None:
    assert issubclass(GeneratorUnset, ChatUnavailable)
    assert problems.status_of(GeneratorUnset) == 503
    assert errors.headers(GeneratorUnset()) == {"x-should-retry": "false"}
    assert "Retry-After" in errors.headers(ChatUnavailable())
