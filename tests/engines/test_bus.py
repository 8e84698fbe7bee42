"""Every bus behind ports.bus."""

import asyncio

from mainstay.engines.bus.memory import MemoryBus


async def test_present_subscribers_hear_their_topic_in_order() -> None:
    bus = MemoryBus()
    await bus.publish("a", "too early")
    async with bus.subscribe("a") as first, bus.subscribe("a") as second, bus.subscribe("b") as other:
        await bus.publish("a", "1")
        await bus.publish("a", "2")
        await bus.publish("b", "3")
        for notes in (first, second):
            assert [await anext(notes), await anext(notes)] == ["1", "2"]
        assert await anext(other) == "3"


async def test_a_waiting_subscriber_is_woken() -> None:
    bus = MemoryBus()
    async with bus.subscribe("a") as notes:
        waiting = asyncio.create_task(anext(notes))
        await asyncio.sleep(0)
        assert not waiting.done()
        await bus.publish("a", "1")
        assert await waiting == "1"


async def test_a_slow_listener_loses_the_oldest() -> None:
    bus = MemoryBus(notes_max=3)
    async with bus.subscribe("a") as notes:
        for number in range(10):
            await bus.publish("a", str(number))
        assert [await anext(notes) for _ in range(3)] == ["7", "8", "9"]


async def test_close_ends_all_subscriptions_after_what_was_told() -> None:
    bus = MemoryBus()
    async with bus.subscribe("a") as notes, bus.subscribe("b") as waiting:
        task = asyncio.create_task(anext(waiting, "end"))
        await asyncio.sleep(0)
        await bus.publish("a", "1")
        await bus.close()
        assert [note async for note in notes] == ["1"]
        assert await task == "end"
    async with bus.subscribe("a") as late:
        assert [note async for note in late] == []


async def test_leaving_forgets_the_subscriber() -> None:
    bus = MemoryBus()
    for _ in range(3):
        async with bus.subscribe("a"), bus.subscribe("a"):
            assert len(bus._listeners["a"]) == 2
    assert not bus._listeners


async def test_leaving_while_told_harms_nobody() -> None:
    bus = MemoryBus()

    async def listen() -> str:
        async with bus.subscribe("a") as notes:
            return await anext(notes)

    listeners = [asyncio.create_task(listen()) for _ in range(50)]
    await asyncio.sleep(0)
    listeners[0].cancel()
    await bus.publish("a", "1")
    told = await asyncio.gather(*listeners, return_exceptions=True)
    assert told[1:] == ["1"] * 49
