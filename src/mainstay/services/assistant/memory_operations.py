"""What people ask for about what bots remember of them."""

from abc import ABCMeta
from typing import Annotated

from pydantic import Field

from mainstay.kernel.interface import reads, writes
from mainstay.services.assistant.end_users import EndUser
from mainstay.services.assistant.failures import BotMissing, FactMissing, MemoryClosed, TalkerErased
from mainstay.services.assistant.limits import BotId
from mainstay.services.assistant.memory_records import (
    Fact,
    FactForgotten,
    FactId,
    FactsForgotten,
    FactText,
    Memory,
    Person,
)

_USE = "assistants:use"
_BOT = {"bot_id": "bot_01k9z6q7h8e4v5c3x2b1n0m9a8"}
_FACT = {**_BOT, "fact_id": "fact_01k9z6q7h8e4v5c3x2b1n0m9a8"}


class MemoryOperations(metaclass=ABCMeta):
    """The operations of a bot's memory; they are a part of those of the assistant."""

    @reads("GET /assistant/bots/{bot_id}/memory", may=_USE, fails=(BotMissing,), example=_BOT)
    async def get_memory(
        self, bot_id: BotId, subject: Person | None = None, end_user: EndUser | None = None
    ) -> Memory:
        """Say what a bot remembers of you, from which turns, and until when; and whether it may.

        Where several people come with your key, each has facts and a choice of her own. Without `end_user`
        the facts are those of all of them, the oldest thousand; the choice is that of whoever is not named.
        """

    @writes(
        "PUT /assistant/bots/{bot_id}/memory",
        may=_USE,
        fails=(BotMissing, TalkerErased),
        example={**_BOT, "allowed": True},
    )
    async def choose_memory(
        self,
        bot_id: BotId,
        allowed: Annotated[bool, Field(description="No erases all that the bot remembers of you, at once.")],
        end_user: EndUser | None = None,
    ) -> Memory:
        """Say whether a bot may remember facts about you; before you say yes it does not.

        A yes is for one person alone; a no without `end_user` is for all of your key's people.
        """

    @writes(
        "PATCH /assistant/bots/{bot_id}/memory/facts/{fact_id}",
        may=_USE,
        fails=(BotMissing, FactMissing, MemoryClosed, TalkerErased),
        example={**_FACT, "text": "My shoe size is 43"},
    )
    async def change_fact(self, bot_id: BotId, fact_id: FactId, text: FactText) -> Fact:
        """Put right something that a bot remembers of you; its time begins anew."""

    @writes(
        "DELETE /assistant/bots/{bot_id}/memory/facts/{fact_id}",
        may=_USE,
        final=True,
        fails=(BotMissing, FactMissing),
        example=_FACT,
    )
    async def forget_fact(self, bot_id: BotId, fact_id: FactId) -> FactForgotten:
        """Have a bot forget one thing of you, for good."""

    @writes(
        "DELETE /assistant/bots/{bot_id}/memory/facts",
        may=_USE,
        final=True,
        fails=(BotMissing,),
        example=_BOT,
    )
    async def forget_facts(self, bot_id: BotId, end_user: EndUser | None = None) -> FactsForgotten:
        """Have a bot forget all that it remembers of you, for good; what you chose stays."""
