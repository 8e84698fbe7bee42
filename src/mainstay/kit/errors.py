"""The seven kinds of expected failure; interfaces subclass them with the fact's name."""

from collections.abc import Mapping, Sequence
from typing import ClassVar


class Failure(Exception):
    """An expected failure: told to the caller, never paged.

    `detail` says what is wrong and what to do next. `problems` names the fields at fault, each as
    `{"field", "problem"}`. `retry_after_s` is set where trying again later makes sense. What an operation
    has written before it fails is undone, unless the failure `keeps` it: a used-up code has to stay used up.
    One that `passes` comes of what others do at the same moment: a reaction is tried again. What was `tried`
    again already, or will fail until somebody sets something, is asked for no more by clients that would ask
    again by themselves.
    """

    kind: ClassVar[str] = "failure"
    keeps: ClassVar[bool] = False
    passes: ClassVar[bool] = False
    tried: ClassVar[bool] = False
    title: ClassVar[str] = "The request failed"

    def __init__(
        self,
        detail: str = "",
        *,
        problems: Sequence[Mapping[str, str]] = (),
        retry_after_s: float | None = None,
    ) -> None:
        """Keep what the caller will be told."""
        self.detail = detail or self.title
        self.problems = [dict(problem) for problem in problems]
        told = "; ".join(f"{each.get('field', '')}: {each.get('problem', '')}" for each in self.problems)
        super().__init__(f"{self.detail} ({told})" if told and told not in self.detail else self.detail)
        self.retry_after_s = retry_after_s

    @classmethod
    def code(cls) -> str:
        """Give the stable name of this failure, the last part of its problem type."""
        return cls.__name__


class Invalid(Failure):
    """The request itself is wrong; repeating it will not help."""

    kind = "invalid"
    title = "The request is not valid"


class Unauthenticated(Failure):
    """No credentials, or none that are known."""

    kind = "unauthenticated"
    title = "Valid credentials are needed"


class Forbidden(Failure):
    """Known, but not allowed."""

    kind = "forbidden"
    title = "You may not do this"


class NotFound(Failure):
    """There is no such thing, or none that the caller may see."""

    kind = "not_found"
    title = "There is no such thing"


class Conflict(Failure):
    """The request contradicts the present state."""

    kind = "conflict"
    title = "The request conflicts with the present state"


class TooMany(Failure):
    """A limit on rate, quota or concurrency is used up; try again later."""

    kind = "too_many"
    title = "Too many requests"


class Unavailable(Failure):
    """Something that is needed cannot be reached or is full; try again later."""

    kind = "unavailable"
    title = "The service cannot answer now"


KINDS: tuple[type[Failure], ...] = (
    Invalid,
    Unauthenticated,
    Forbidden,
    NotFound,
    Conflict,
    TooMany,
    Unavailable,
)
