"""The tables of the assistant: bots, what they were taught and have learned, and what was said."""

from mainstay.ports.database import Aged, Column, Index, Sealed, Table


def bot_place(bot_id: str) -> tuple[str, ...]:
    """Give what a bot's definition is sealed to."""
    return "assistant_bots", bot_id


def intent_place(bot_id: str, number: int) -> tuple[str, ...]:
    """Give what an intent's examples are sealed to."""
    return "assistant_intents", bot_id, str(number)


def model_place(bot_id: str, version: int) -> tuple[str, ...]:
    """Give what a model is sealed to."""
    return "assistant_models", bot_id, str(version)


def conversation_place(conversation_id: str) -> tuple[str, ...]:
    """Give what a conversation's standing is sealed to."""
    return "assistant_conversations", conversation_id


def turn_place(turn_id: str) -> tuple[str, ...]:
    """Give what a turn is sealed to."""
    return "assistant_turns", turn_id


def feedback_place(feedback_id: str) -> tuple[str, ...]:
    """Give what a judgement of a turn is sealed to."""
    return "assistant_feedback", feedback_id


def summary_place(conversation_id: str) -> tuple[str, ...]:
    """Give what a conversation's summary is sealed to."""
    return "assistant_summaries", conversation_id


def memory_place(bot_id: str, subject: str, end_user: str) -> tuple[str, ...]:
    """Give what somebody's choice about a bot's memory is sealed to."""
    return "assistant_memories", bot_id, subject, *([end_user] if end_user else [])


def fact_place(fact_id: str) -> tuple[str, ...]:
    """Give what a remembered fact is sealed to."""
    return "assistant_facts", fact_id


BOTS = Table(
    name="assistant_bots",
    columns=(
        Column("bot_id", "text"),
        Column("name", "text"),
        Column("definition", "bytes", sealed=Sealed(("bot_id",), bot_place)),
        Column("intents", "integer"),
        Column("examples", "integer"),
        Column("version", "integer"),
        Column("latest", "integer"),
        Column("revision", "integer"),
        Column("created_ms", "integer"),
        Column("changed_ms", "integer"),
    ),
    key=("bot_id",),
    exported=("bot_id", "name", "definition", "created_ms", "changed_ms"),
)

INTENTS = Table(
    name="assistant_intents",
    columns=(
        Column("bot_id", "text"),
        Column("number", "integer"),
        Column("content", "bytes", sealed=Sealed(("bot_id", "number"), intent_place)),
    ),
    key=("bot_id", "number"),
    exported=("bot_id", "number", "content"),
)

MODELS = Table(
    name="assistant_models",
    columns=(
        Column("bot_id", "text"),
        Column("version", "integer"),
        Column("content", "bytes", sealed=Sealed(("bot_id", "version"), model_place)),
        Column("figures", "text"),
        Column("created_ms", "integer"),
    ),
    key=("bot_id", "version"),
)

CONVERSATIONS = Table(
    name="assistant_conversations",
    columns=(
        Column("conversation_id", "text"),
        Column("bot_id", "text"),
        Column("subject", "text"),
        Column("state", "text"),
        Column("agent", "text"),
        Column("turns", "integer"),
        Column("content", "bytes", sealed=Sealed(("conversation_id",), conversation_place, owner="subject")),
        Column("created_ms", "integer"),
        Column("changed_ms", "integer"),
        Column("end_user", "text"),
    ),
    key=("conversation_id",),
    indexes=(Index(("bot_id", "conversation_id")), Index(("state", "conversation_id")), Index(("subject",))),
    exported=("conversation_id", "bot_id", "subject", "state", "agent", "turns", "created_ms", "changed_ms"),
    aged=Aged("conversations", "changed_ms", by_service=True),
    subjects=("subject", "agent"),
)

TURNS = Table(
    name="assistant_turns",
    columns=(
        Column("turn_id", "text"),
        Column("conversation_id", "text"),
        Column("bot_id", "text"),
        Column("number", "integer"),
        Column("subject", "text"),
        Column("author", "text"),
        Column("fallback", "text"),
        Column("content", "bytes", sealed=Sealed(("turn_id",), turn_place, owner="subject")),
        Column("created_ms", "integer"),
        Column("transcript", "text"),
        Column("turn_key", "text", nullable=True),
    ),
    key=("turn_id",),
    indexes=(
        Index(("conversation_id", "number"), unique=True),
        Index(("bot_id", "subject", "turn_key"), unique=True),
        Index(("bot_id", "turn_id")),
        Index(("bot_id", "fallback", "turn_id")),
        Index(("subject",)),
        Index(("bot_id", "subject", "transcript")),
        Index(("bot_id", "subject", "turn_id")),
    ),
    exported=("turn_id", "conversation_id", "bot_id", "number", "author", "content", "created_ms"),
    subjects=("subject", "author"),
)

FEEDBACK = Table(
    name="assistant_feedback",
    columns=(
        Column("feedback_id", "text"),
        Column("bot_id", "text"),
        Column("turn_id", "text"),
        Column("conversation_id", "text"),
        Column("helpful", "integer", nullable=True),
        Column("state", "text"),
        Column("source", "text"),
        Column("subject", "text"),
        Column("author", "text"),
        Column("content", "bytes", sealed=Sealed(("feedback_id",), feedback_place, owner="subject")),
        Column("created_ms", "integer"),
        Column("decided", "integer", nullable=True),
    ),
    key=("feedback_id",),
    indexes=(
        Index(("bot_id", "state", "feedback_id")),
        Index(("turn_id",)),
        Index(("conversation_id",)),
        Index(("subject",)),
    ),
    exported=(
        *("feedback_id", "bot_id", "turn_id", "helpful", "state", "source", "author"),
        *("content", "created_ms"),
    ),
    subjects=("subject", "author"),
)

SUMMARIES = Table(
    name="assistant_summaries",
    columns=(
        Column("conversation_id", "text"),
        Column("bot_id", "text"),
        Column("subject", "text"),
        Column("turns", "integer"),
        Column("content", "bytes", sealed=Sealed(("conversation_id",), summary_place, owner="subject")),
        Column("changed_ms", "integer"),
    ),
    key=("conversation_id",),
    indexes=(Index(("bot_id",)), Index(("subject",))),
    exported=("conversation_id", "bot_id", "turns", "content", "changed_ms"),
    subjects=("subject",),
)

MEMORIES = Table(
    name="assistant_memories",
    columns=(
        Column("bot_id", "text"),
        Column("subject", "text"),
        Column("choice", "text"),
        Column(
            "content",
            "bytes",
            sealed=Sealed(("bot_id", "subject", "end_user"), memory_place, owner="subject"),
        ),
        Column("chosen_ms", "integer"),
        Column("end_user", "text"),
    ),
    key=("bot_id", "subject", "end_user"),
    indexes=(Index(("subject",)),),
    exported=("bot_id", "subject", "choice", "content", "chosen_ms"),
    subjects=("subject",),
)

FACTS = Table(
    name="assistant_facts",
    columns=(
        Column("fact_id", "text"),
        Column("bot_id", "text"),
        Column("subject", "text"),
        Column("content", "bytes", sealed=Sealed(("fact_id",), fact_place, owner="subject")),
        Column("created_ms", "integer"),
        Column("expires_ms", "integer"),
        Column("end_user", "text"),
    ),
    key=("fact_id",),
    indexes=(
        Index(("bot_id", "subject", "fact_id")),
        Index(("bot_id", "subject", "end_user", "fact_id")),
        Index(("subject",)),
    ),
    exported=("fact_id", "bot_id", "subject", "content", "created_ms", "expires_ms"),
    aged=Aged("assistant_facts", "created_ms"),
    subjects=("subject",),
)
