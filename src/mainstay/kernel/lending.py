"""In whose name, and with what rights, a service calls other services."""

from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, replace
from typing import TypeVar, cast

from mainstay.kernel.caller import HOUSE
from mainstay.kernel.work import Work, current, entered, forbid_in_unit

Piece = TypeVar("Piece")


@dataclass(frozen=True)
class Loan:
    """Permissions, and the only operations for which they are lent.

    What the caller may otherwise does not go along, nor does what he came with: a call to another process
    is refused, for there he is who he is.
    """

    permissions: frozenset[str]
    only: frozenset[str]

    @contextmanager
    def lent(self) -> Iterator[None]:
        """Let the calls of a block be made by the present caller with what is lent."""
        forbid_in_unit("A call with what is lent")
        work = current()
        borrower = replace(
            work.caller,
            permissions=self.permissions,
            only=self.only,
            guest_of=work.caller.guest_of or work.caller.subject,
            groups=frozenset(),
            operator=False,
            secret="",
        )
        origin = (work.request_id, work.traceparent, work.address, work.agent)
        with entered(Work(borrower, work.database, *origin, spending=work.spending)):
            yield

    async def pieces(self, pieces: AsyncIterator[Piece]) -> AsyncIterator[Piece]:
        """Give what a stream gives that is asked with what is lent."""
        async with aclosing(cast("AsyncGenerator[Piece, None]", pieces)) as every:
            while True:
                with self.lent():
                    try:
                        piece = await anext(every)
                    except StopAsyncIteration:
                        return
                yield piece


@contextmanager
def in_name_of(subject: str) -> Iterator[None]:
    """Let the house make the calls of a block in a person's name.

    What they leave behind, such as the trace of a generated text, is hers: sealed by her key, exported and
    erased with her. For reactions to events alone, which the house takes.
    """
    forbid_in_unit("A call in somebody's name")
    work = current()
    if not work.caller.subject.startswith(HOUSE):
        raise RuntimeError("Only the house makes calls in the name of others.")
    origin = (work.request_id, work.traceparent, work.address, work.agent)
    with entered(Work(replace(work.caller, subject=subject), work.database, *origin, spending=work.spending)):
        yield
