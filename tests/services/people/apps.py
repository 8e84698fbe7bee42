"""People with an authenticator app, for tests."""

import base64
from dataclasses import dataclass
from typing import Any

from mainstay.app.house import House
from mainstay.services.people import totp
from makers import Client, FrozenClock, Mailbox
from services.people.joining import PHRASE, from_address, joined

ADA = "ada@example.com"
HOME = "192.0.2.1"


@dataclass
class Device:
    """Somebody's authenticator app, in the tests' time."""

    secret: bytes
    clock: FrozenClock

    def code(self, skew: int = 0) -> str:
        return totp.code_at(self.secret, self.clock.now_ms() // 30_000 + skew)

    def next(self) -> str:
        """Wait for the next code."""
        self.clock.move(30)
        return self.code()

    def wrong(self) -> str:
        """Give six digits that no step nearby has."""
        near = {self.code(skew) for skew in range(-2, 3)}
        return next(
            each for each in ("000000", "111111", "222222", "333333", "444444", "555555") if each not in near
        )


async def began(session: Client, clock: FrozenClock) -> Device:
    """Begin to set up an app."""
    begun = await session.call("people.begin_app", password=PHRASE)
    return Device(base64.b32decode(begun.secret), clock)


async def with_app(
    house: House, admin: Client, mails: Mailbox, clock: FrozenClock, email: str = ADA, **more: Any
) -> tuple[Any, Client, Device, list[str]]:
    """Let somebody join and set up an app; give user, session, app and recovery codes."""
    user, session = await joined(house, admin, mails, email, **more)
    device = await began(session, clock)
    made = await session.call("people.confirm_app", code=device.code())
    return user, session, device, made.recovery_codes


async def sign_in(house: House, address: str = HOME, email: str = ADA, **more: Any) -> Any:
    """Sign in with the password, and what else is given."""
    given = {"password": PHRASE, **more}
    return await from_address(house, address, "people.sign_in", email=email, **given)
