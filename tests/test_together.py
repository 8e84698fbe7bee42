"""Several things at once: what fails is raised as it is, and what is then for nobody ends."""

import asyncio

import pytest

from mainstay.kit.together import together


async def test_the_first_failure_ends_the_others_and_is_raised_as_it_is() -> None:
    ended: list[str] = []

    async def waits() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("waited")

    async def fails() -> None:
        await asyncio.sleep(0)
        raise LookupError("gone")

    async def all_of_it() -> None:
        async with together() as outer:
            outer.create_task(waits())
            async with together() as inner:
                inner.create_task(waits())
                inner.create_task(fails())

    with pytest.raises(LookupError, match="gone"):
        await all_of_it()
    assert ended == ["waited", "waited"]


async def test_all_are_waited_for() -> None:
    async with together() as work:
        made = [work.create_task(asyncio.sleep(0, number)) for number in range(3)]
    assert [each.result() for each in made] == [0, 1, 2]
