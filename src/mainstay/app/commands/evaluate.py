"""`mainstay eval`: how well search and answers do on one's own questions."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from mainstay.app.commands.calling import CollectionOption, Server, plain, served
from mainstay.app.commands.search import MODES
from mainstay.services.knowledge.interface import Knowledge
from mainstay.services.knowledge.limits import BATCH_MAX
from mainstay.services.knowledge.records import Evaluation, QuestionResult
from mainstay.transports.cli.options import long_text
from mainstay.transports.cli.printing import Output

_SHOWN_MAX = 20
_DEPTH = 10

_MEANINGS = {
    "ndcg_at_10": "the right documents stand high (nDCG@10)",
    "recall_at_10": "of the right documents, found among 10",
    "recall_at_100": "of the right documents, found among 100",
    "mrr": "how high the first right document stands (MRR)",
    "answered": "of the questions, answered at all",
    "answer_in_citation": "of the answers, a citation has the known answer",
    "faithfulness": "of the answers' sentences, supported by their sources",
}


def questions_in(text: str, name: str) -> list[Any]:
    """Read JSON lines; each is a question with `doc_ids`, `answer`, or both."""
    questions = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            question = json.loads(line)
        except ValueError as error:
            raise typer.BadParameter(f"{name}, line {number}: this is no JSON ({error}).") from None
        if not isinstance(question, dict):
            raise typer.BadParameter(f"{name}, line {number}: write an object with `question` and `doc_ids`.")
        questions.append(question)
    if not 0 < len(questions) <= BATCH_MAX:
        raise typer.BadParameter(f"{name} has {len(questions)} questions; 1 to {BATCH_MAX} can be evaluated.")
    return questions


def _show(out: Output, found: Evaluation) -> None:
    told = plain(found)
    rows = [
        {"measure": name, "value": told[name], "means": meaning}
        for name, meaning in _MEANINGS.items()
        if told[name] is not None
    ]
    out.table(rows, f"{found.questions} questions in {found.took_ms / 1000:.1f} s")
    failed = [(each, wrong) for each in found.results if (wrong := _wrong(each))]
    if not failed:
        return
    worst = [{"question": each.question, "what is wrong": wrong} for each, wrong in failed[:_SHOWN_MAX]]
    out.say("")
    out.table(worst, f"{len(failed)} of them to look at")
    if len(failed) > _SHOWN_MAX:
        out.say(f"… and {len(failed) - _SHOWN_MAX} more; --json tells of each question.")


def _wrong(result: QuestionResult) -> str:
    wrong = []
    if result.doc_ids and (result.place is None or result.place > _DEPTH):
        wanted, first = " or ".join(result.doc_ids), result.first or "nothing"
        at = "not found" if result.place is None else f"at place {result.place} at best"
        wrong.append(f"{wanted} {at}; first is {first}")
    if not result.answered:
        wrong.append("not answered")
    elif result.answer_in_citation is False:
        wrong.append("no citation has the known answer")
    return "; ".join(wrong)


@served
async def evaluate(
    server: Server,
    out: Output,
    path: Annotated[str, typer.Argument(metavar="QUESTIONS.JSONL", help="A file; `-` is standard input.")],
    collection: CollectionOption = None,
    mode: Annotated[str, typer.Option(help="How to search.", metavar="|".join(MODES))] = "hybrid",
) -> None:
    """Measure search and answers on your own questions.

    Each line is JSON: `{"question": "How do I rotate a key?", "doc_ids": ["keys"], "answer": "…"}`; `answer`
    may be left out. Questions that went wrong are listed; `--json` tells of each.
    """
    questions = questions_in(long_text("-" if path == "-" else f"@{Path(path)}"), path)
    chosen: Any = mode
    found = await server.of(Knowledge).evaluate(questions, collection=collection, mode=chosen)
    if out.as_json:
        out.json(plain(found))
    else:
        _show(out, found)
