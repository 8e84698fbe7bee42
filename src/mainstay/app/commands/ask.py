"""`mainstay ask`: a question, the answer as it comes, and where it comes from."""

from typing import Annotated

import typer
from rich.text import Text

from mainstay.app.commands.calling import CollectionOption, FilterOption, Server, filters_of, plain, served
from mainstay.services.knowledge.interface import Knowledge
from mainstay.services.knowledge.records import GroundedAnswer
from mainstay.transports.cli.options import long_text
from mainstay.transports.cli.printing import Output, harmless

_QUOTE_LENGTH_MAX = 200


def _show_sources(out: Output, answer: GroundedAnswer) -> None:
    if not answer.answered:
        if not answer.answer:
            out.say("Your documents do not answer this.", "yellow")
        told = f"Confidence that they do: {answer.confidence:.0%}"
        if answer.unsupported:
            told = f"{told}, but the generator wrote nothing that they support."
        out.say(told, "dim")
        return
    if answer.faq_id is not None:
        out.say(f"From the FAQ, entry {answer.faq_id}", "dim")
    if answer.citations:
        out.console.print()
        out.say("Sources", "bold")
    for place, citation in enumerate(answer.citations, 1):
        text = " ".join(harmless(citation.text).split())
        cut = text if len(text) <= _QUOTE_LENGTH_MAX else text[:_QUOTE_LENGTH_MAX] + "…"
        where = f"{citation.doc_id}, characters {citation.start} to {citation.end}"
        out.console.print(
            Text.assemble(
                (f"[{place}] ", "bold cyan"),
                (harmless(citation.title or citation.doc_id), "bold"),
                (f"  {harmless(where)}  (sentence {citation.sentence + 1})\n", "dim"),
                f"    “{cut}”",
            )
        )
    if answer.unsupported:
        out.say(f"Left out, because no source supports it: {answer.unsupported} of its sentences.", "yellow")
    out.say(f"Confidence {answer.confidence:.0%}", "dim")


async def _stream(
    server: Server, out: Output, question: str, collection: str | None, filters: object
) -> None:
    conditions = filters if isinstance(filters, dict) else None
    answer: GroundedAnswer | None = None
    begun = False
    async for piece in server.of(Knowledge).stream_answer(
        question, collection=collection, filters=conditions
    ):
        if piece.text:
            out.console.print(Text(harmless(piece.text)), end="")
            out.console.file.flush()
            begun = True
        answer = piece.result or answer
    if answer is not None and not begun and answer.answer:
        out.console.print(Text(harmless(answer.answer)), end="")
        begun = True
    if begun:
        out.console.print()
    if answer is not None:
        _show_sources(out, answer)


@served
async def ask(
    server: Server,
    out: Output,
    question: Annotated[str, typer.Argument(help="The question; `-` reads it from standard input.")],
    collection: CollectionOption = None,
    conditions: FilterOption = None,
) -> None:
    """Ask a question; the answer comes with its sources.

    The answer rests on your documents alone. When they do not say, it says so.

    Example: `mainstay ask "How do I rotate an API key?" --collection handbook`
    """
    filters, text = filters_of(conditions), long_text(question)
    if out.as_json:
        knowledge = server.of(Knowledge)
        out.json(plain(await knowledge.answer(text, collection=collection, filters=filters)))
    else:
        await _stream(server, out, text, collection, filters)
