"""`mainstay search`: find documents from a terminal."""

from typing import Annotated, Any, get_args

import typer
from rich.padding import Padding
from rich.text import Text

from mainstay.app.commands.calling import CollectionOption, FilterOption, Server, filters_of, plain, served
from mainstay.services.knowledge.interface import Knowledge
from mainstay.services.knowledge.limits import Mode
from mainstay.services.knowledge.records import Hit
from mainstay.transports.cli.options import long_text
from mainstay.transports.cli.printing import Output, harmless

MODES = [str(each) for each in get_args(get_args(Mode)[0])]
_SNIPPET_LENGTH_MAX = 400


def _show(out: Output, hits: list[Hit]) -> None:
    if not out.console.is_terminal:
        rows = [
            {"score": hit.score, "doc_id": hit.doc_id, "collection": hit.collection, "title": hit.title,
             "start": hit.start, "end": hit.end, "snippet": hit.snippet}
            for hit in hits
        ]  # fmt: skip
        out.table(rows)
        return
    for place, hit in enumerate(hits, 1):
        where = " › ".join([hit.collection, hit.doc_id, *hit.headings])
        out.console.print(
            Text.assemble(
                (f"{place:>2}. ", "bold"),
                (harmless(hit.title or hit.doc_id), "bold"),
                (f"  {hit.score:.3f}", "cyan"),
            )
        )
        out.console.print(Padding(Text(harmless(where), style="dim"), (0, 0, 0, 4)))
        snippet = " ".join(harmless(hit.snippet).split())
        cut = snippet if len(snippet) <= _SNIPPET_LENGTH_MAX else snippet[:_SNIPPET_LENGTH_MAX] + "…"
        out.console.print(Padding(Text(cut), (0, 0, 1, 4)))


@served
async def search(
    server: Server,
    out: Output,
    query: Annotated[
        str, typer.Argument(help="What you look for, in words; `-` reads it from standard input.")
    ],
    collection: CollectionOption = None,
    top_k: Annotated[int, typer.Option("--top-k", "-k", help="How many results at most.")] = 10,
    mode: Annotated[
        str,
        typer.Option(
            help="By meaning and words, by meaning, or by words.",
            metavar="|".join(MODES),
            autocompletion=lambda: MODES,
        ),
    ] = "hybrid",
    conditions: FilterOption = None,
) -> None:
    """Find the documents nearest to a query.

    Example: `mainstay search "rotate an API key" --collection handbook --filter year=2026`
    """
    filters, text = filters_of(conditions), long_text(query)
    chosen: Any = mode
    hits = await server.of(Knowledge).search(
        text, top_k=top_k, collection=collection, filters=filters, mode=chosen
    )
    if out.as_json or not hits:
        out.value(plain(hits))
    else:
        _show(out, hits)
