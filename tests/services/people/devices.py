"""People with passkeys, for tests: devices in software that answer as browsers do."""

import secrets
from typing import Any

from engines.authenticators import Authenticator
from mainstay.app.house import House
from makers import Client, Mailbox
from services.people.apps import ADA, HOME
from services.people.joining import PHRASE, from_address, joined

SITE = {"origin": "https://ai.example.com", "rp_id": "ai.example.com"}


def device(**more: Any) -> Authenticator:
    """Make a device with a passkey of its own for the house's address."""
    return Authenticator(credential_id=secrets.token_bytes(32), **{**SITE, **more})


async def add(
    session: Client, made: Authenticator, name: str = "Laptop", password: str | None = PHRASE
) -> Any:
    """Add a device's passkey."""
    begun = await session.call("people.begin_passkey", password=password)
    answer = made.create(begun.options)
    return await session.call(
        "people.add_passkey", pending_token=begun.pending_token, name=name, credential=answer
    )


async def with_passkey(
    house: House, admin: Client, mails: Mailbox, email: str = ADA
) -> tuple[Any, Client, Authenticator]:
    """Let somebody join and add a passkey; give user, session and device."""
    user, session = await joined(house, admin, mails, email)
    made = device()
    await add(session, made)
    return user, session, made


async def asked(house: House, pending_token: str | None = None, address: str = HOME) -> Any:
    """Ask for a challenge to sign in with."""
    return await from_address(house, address, "people.ask_for_passkey", pending_token=pending_token)


async def show(house: House, made: Authenticator, begun: Any, address: str = HOME, **more: Any) -> Any:
    """Answer a challenge with the device's next use."""
    made.count += 1
    return await answer(house, begun, made.get(begun.options), address, **more)


async def answer(house: House, begun: Any, credential: Any, address: str = HOME, **more: Any) -> Any:
    """Answer a challenge."""
    given = {"pending_token": begun.pending_token, "credential": credential, **more}
    return await from_address(house, address, "people.sign_in_with_passkey", **given)


async def enter(house: House, made: Authenticator, **more: Any) -> Any:
    """Sign in with a device alone."""
    return await show(house, made, await asked(house), **more)
