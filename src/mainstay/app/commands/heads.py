"""`mainstay train-heads`: teach the reader names, sentiments or what to moderate, from annotated text."""

import json
from pathlib import Path
from typing import Annotated, cast

import typer

from mainstay.app import engines
from mainstay.app.commands.serve import DataChoice, encoder_progress, refusals_told, settings_of
from mainstay.ports.readers import Part
from mainstay.transports.cli.printing import console

_PARTS = ("sentiment", "mentions", "moderation")


def _part(value: str) -> str:
    if value not in _PARTS:
        raise typer.BadParameter("write `sentiment`, `mentions` or `moderation`.")
    return value


def train_heads(
    part: Annotated[
        str, typer.Argument(help="What to teach: sentiment, mentions or moderation.", callback=_part)
    ],
    files: Annotated[
        list[Path],
        typer.Argument(
            help="For sentiment, lines of a label, a tab and a text. For moderation the same, with all "
            "labels that hold, `harassment,violence`, or `none`. For mentions, lines with names in "
            "brackets, `[PER Ada Lovelace] wrote to [LOC Turin].`, or columns of words and BIO labels.",
            exists=True,
            dir_okay=False,
        ),
    ],
    out: Annotated[Path, typer.Option(help="The folder of heads to write into; name it in MAINSTAY_HEADS.")],
    ordinary: Annotated[
        list[Path],
        typer.Option(
            help="Labelled lines in which nothing is unwanted, for moderation; repeat it for several files.",
            exists=True,
            dir_okay=False,
        ),
    ] = [],  # noqa: B006 - Typer reads the default, and nobody changes it
    language: Annotated[
        list[str], typer.Option(help="The texts' language (ISO 639-1); repeat it for several.")
    ] = ["en"],  # noqa: B006 - Typer reads the default, and nobody changes it
    source: Annotated[str, typer.Option(help="What the texts are and where they come from.")] = "",
    licence: Annotated[str, typer.Option(help="The licence of the texts.")] = "",
    seed: Annotated[int, typer.Option(min=0, max=2**31 - 1, help="Where chance begins.")] = 0,
    data: DataChoice = None,
) -> None:
    """Train a head upon the encoder, in seconds to minutes; its card says how well it did and on what."""
    out_of_here = console()
    with refusals_told():
        settings = settings_of(data=data)
        with encoder_progress(out_of_here) as progress:
            encoder = engines.encoder_folder(settings, progress)
            try:
                card = engines.pick("readers.training", "train_head")(
                    cast("Part", part),
                    files,
                    encoder,
                    out,
                    ordinary=ordinary,
                    languages=language,
                    about={"data": source, "licence": licence},
                    seed=seed,
                    progress=progress,
                )
            except ValueError as problem:
                raise typer.BadParameter(str(problem)) from None
    out_of_here.print(json.dumps(card, indent=2), markup=False, highlight=False, soft_wrap=True)
