"""People who are invited, accept, and sign in, for tests."""

import asyncio
from typing import Any

from mainstay.app.house import House
from mainstay.kernel.dispatch import Message
from mainstay.ports.database import SYSTEM
from makers import UNDONE, Client, Mailbox, client

PHRASE = "violet tractor sings at dawn"
OTHER = "seven quiet lamps over the harbour"


async def calm(house: House) -> None:
    """Wait until every event was reacted to."""
    waiting = f"SELECT count(*) AS n FROM outbox WHERE {UNDONE}"
    async with asyncio.timeout(20):
        while (await house.engines.database.fetch(SYSTEM, waiting))[0]["n"]:
            await asyncio.sleep(0.01)


async def from_address(house: House, address: str, name: str, /, agent: str = "", **values: Any) -> Any:
    """Call an operation without credentials from an address."""

    async def read() -> dict[str, Any]:
        return values

    operation = next(each for each in house.application.operations if each.full_name == name)
    message = Message(None, read, "req_test", "test", address, agent)
    return (await house.application.dispatch(operation, message)).value


async def invited(house: House, by: Client, mails: Mailbox, email: str, **more: Any) -> tuple[Any, str]:
    """Invite a person; give the user, and the code of the mail."""
    user = await by.call("people.create_user", email=email, **{"name": "Somebody", **more})
    await calm(house)
    return user, mails.code(email)


async def joined(
    house: House, by: Client, mails: Mailbox, email: str = "ada@example.com", **more: Any
) -> tuple[Any, Client]:
    """Let a person join; give the user, and a client that speaks as her."""
    password = more.pop("password", PHRASE)
    user, code = await invited(house, by, mails, email, **more)
    session = await from_address(house, "192.0.2.1", "people.accept_invitation", code=code, password=password)
    return user, client(house, session.secret)
