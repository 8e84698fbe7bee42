"""Transcripts: what was said in a conversation, as a client shows it that knows no conversation's id."""

import hashlib
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from mainstay.kernel.interface import Input

_NO_NUL = r"^[^\x00]*$"


class Utterance(Input):
    """Something that was said, by whoever talks with a bot or by the bot."""

    role: Literal["user", "assistant"]
    content: Annotated[str, StringConstraints(max_length=1_000_000, pattern=_NO_NUL)]


class Transcript(Input):
    """What was said before, and by which of a key's people, as the client shows it."""

    messages: Annotated[
        list[Utterance], Field(max_length=2000, description="Not looked at where a conversation is named.")
    ]
    end_user: Annotated[
        str,
        StringConstraints(max_length=512, pattern=_NO_NUL),
        Field(
            description=(
                "Your own name of the person who talks, if several come with your key; the same in each "
                "request. Her conversations and what the bot remembers of her are hers alone. Without one, "
                "what two of them could have been told alike is nobody's to go on with."
            )
        ),
    ] = ""

    def digest(self) -> str:
        """Give what stands for all of it, and can be told from any other."""
        digest = empty(self.end_user)
        for message in self.messages:
            digest = extended(digest, message.role, message.content)
        return digest


def empty(end_user: str = "") -> str:
    """Give the digest of a conversation in which nothing was said."""
    return hashlib.sha256(end_user.encode("utf-8", "surrogatepass")).hexdigest()


def extended(before: str, role: Literal["user", "assistant"], content: str) -> str:
    """Give the digest once something more was said; clients trim what they show, and leave out silence."""
    text = content.strip()
    if not text:
        return before
    return hashlib.sha256(f"{before}{role}\n{text}".encode("utf-8", "surrogatepass")).hexdigest()
