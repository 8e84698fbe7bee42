"""What a request costs in tokens: told by the engine that knows, taken by whoever asked."""

from contextvars import ContextVar


class Spending:
    """What was spent on one piece of work: tokens, and what they cost, in millionths of the currency."""

    __slots__ = ("cost_micros", "tokens")

    def __init__(self) -> None:
        """Begin with none."""
        self.tokens = 0
        self.cost_micros = 0


spending: ContextVar[Spending] = ContextVar("mainstay_spending", default=Spending())  # noqa: B039 - outside of any work nobody reads it
"""Where the present work's tokens are added up."""


def spend(tokens: int) -> None:
    """Say that so many tokens were spent on the present work."""
    spending.get().tokens += tokens
