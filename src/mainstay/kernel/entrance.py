"""Under what a request is counted before it is read: what is in progress, rate limits, quotas."""

from mainstay.kernel.at_once import AtOnce, Progress
from mainstay.kernel.caller import Caller
from mainstay.kernel.guard import Guard
from mainstay.kernel.interface import Operation
from mainstay.kernel.quotas import Quotas


class Entrance:
    """Lets callers in within the limits that hold for them."""

    def __init__(self, guard: Guard, quotas: Quotas) -> None:
        """Take who counts; nothing is in progress."""
        self._guard = guard
        self._quotas = quotas
        self._at_once = AtOnce()

    async def enter(
        self, caller: Caller, operation: Operation, headers: dict[str, str]
    ) -> tuple[Caller, Progress]:
        """Count a request against all limits; give the caller with those that hold for him.

        Raises TooManyAtOnce, RateLimited and QuotaUsedUp.
        """
        standing = await self._quotas.standing(caller)
        caller = standing.terms.fitted(caller)
        progress = self._at_once.begin(caller, operation, standing.limits)
        try:
            most = standing.per_minute.get(operation.full_name)
            await self._guard.limit(caller, operation, headers, most)
            self._quotas.admit(caller, operation, standing, headers)
        except BaseException:
            progress.end()
            raise
        return caller, progress
