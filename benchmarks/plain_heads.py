"""The peer of language_serving: the same encoder and heads behind plain FastAPI, a text by itself.

    python benchmarks/plain_heads.py ENCODER PORT

What anybody would write first: a handler that runs in FastAPI's own threads, finds the language, reads the
text alone, and answers with what was found.
"""

import sys
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel

from mainstay.engines.encoder.folder import read_folder
from mainstay.engines.encoder.model import OnnxModel, load_tokenizer, pad_id
from mainstay.engines.languages.ensemble import EnsembleLanguages
from mainstay.engines.readers.heads import TRAINED
from mainstay.engines.readers.layers import look
from mainstay.engines.readers.opinion import Opinion
from mainstay.engines.readers.shapes import Shapes
from mainstay.engines.readers.sheets import Sheets
from mainstay.engines.readers.stored import load_heads
from mainstay.engines.readers.tagger import Tagger
from mainstay.services.language.keywords import phrases


class Asked(BaseModel):
    """A text."""

    text: str


def served(encoder: Path) -> FastAPI:
    """Give the application."""
    app, found = FastAPI(), read_folder(encoder)
    tokenizer = load_tokenizer(found)
    model, sheets = OnnxModel(found, pad_id(tokenizer)), Sheets(tokenizer, found.tokens_max)
    heads = {head.kind: head for head in load_heads(TRAINED)}
    tagger, opinion = Tagger(heads["mentions"]), Opinion(heads["sentiment"])
    shapes, languages = Shapes(), EnsembleLanguages()

    @app.get("/readyz")
    def ready() -> dict[str, str]:
        return {"status": "ok"}

    @app.post("/analyze")
    def analyze(asked: Asked) -> dict[str, Any]:
        [[guess]] = languages.detect_many([asked.text], 1)
        sheet = sheets.make(asked.text)
        seen = look(model, shapes, [sheet], tagger.layers, whole=False)
        names = tagger.mentions(sheet, tagger.tag(seen, 1)[0])
        terms = [asked.text[each.start : each.end] for each in phrases(asked.text, guess.language, 10)]
        return {
            "language": guess.language,
            "sentiment": opinion.weigh([asked.text], seen.means)[0],
            "mentions": [[each.kind, each.start, each.end, each.score] for each in names],
            "keywords": terms,
        }

    return app


if __name__ == "__main__":
    uvicorn.run(served(Path(sys.argv[1])), port=int(sys.argv[2]), log_level="warning")
