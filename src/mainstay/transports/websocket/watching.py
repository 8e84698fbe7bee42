"""Whoever is connected is looked at again and again: a connection ends with its credential."""

import asyncio
import logging
from dataclasses import replace

from mainstay.kernel.caller import LOOKED_AT, Credential
from mainstay.kernel.guard import Guard
from mainstay.kit.errors import Failure, TooMany, Unavailable
from mainstay.transports.websocket.channel import BROKEN, UNAUTHORISED, Channel

logger = logging.getLogger("mainstay.websocket")


async def watch(guard: Guard, credential: Credential, channel: Channel, again_s: float) -> None:
    """Close once the caller's credential has ended, or his tenant is suspended."""
    again = replace(credential, carrier=LOOKED_AT)
    while True:
        await asyncio.sleep(again_s)
        try:
            await guard.authenticate(again)
        except (TooMany, Unavailable):
            continue  # this is no verdict on the caller
        except Failure as failure:
            await channel.close(UNAUTHORISED, f"{failure.title}. Connect with valid credentials.")
            return
        except Exception:
            logger.exception("A connection's caller could not be looked up")
            await channel.close(BROKEN, "An unexpected error; connect again.")
            return
