"""The absence of chat models: a generator that can only quote cannot hold a conversation."""

from collections.abc import AsyncIterator, Sequence

from mainstay.ports.chat import ChatModel, Conversation, GeneratorUnset, Piece


class NoChats:
    """Says what to set."""

    @property
    def models(self) -> Sequence[ChatModel]:
        """Give none."""
        return ()

    def stream(self, name: str, conversation: Conversation) -> AsyncIterator[Piece]:
        """Raise GeneratorUnset."""
        raise GeneratorUnset(
            "No generator is set: answers are quoted from documents only. Set MAINSTAY_GENERATOR to an "
            "OpenAI-compatible URL and MAINSTAY_GENERATOR_MODEL to a model there, or MAINSTAY_GENERATORS."
        )

    async def close(self) -> None:
        """Give nothing back: nothing is held."""
