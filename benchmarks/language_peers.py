"""What the peers of language analysis do, run by the Python of their own environment (`peers.py`).

A child: it reads one JSON value from its standard input and writes one to its standard output.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import peers


def yake_phrases(texts: list[str]) -> list[list[str]]:
    """Give ten key phrases of each text, as YAKE finds them by default (up to three words)."""
    import yake

    extractor = yake.KeywordExtractor(lan="en", n=3, top=10)
    return [[phrase for phrase, _ in extractor.extract_keywords(text)] for text in texts]


def rouge(pairs: list[tuple[str, str]]) -> list[tuple[float, float, float]]:
    """Give F1 of ROUGE-1, ROUGE-2 and ROUGE-L of each (reference, summary), stemmed."""
    from rouge_score.rouge_scorer import RougeScorer

    names = ("rouge1", "rouge2", "rougeL")
    scorer = RougeScorer(names, use_stemmer=True)
    scores = [scorer.score(*pair) for pair in pairs]
    return [(each["rouge1"].fmeasure, each["rouge2"].fmeasure, each["rougeL"].fmeasure) for each in scores]


def lingua(texts: list[str]) -> list[str]:
    """Give each text's language, as lingua tells it among all that it knows."""
    from lingua import LanguageDetectorBuilder

    detector = LanguageDetectorBuilder.from_all_languages().build()
    found = detector.detect_languages_in_parallel_of(texts)
    return [each.iso_code_639_1.name.lower() if each else "und" for each in found]


def asked(task: str, value: Any) -> Any:
    """Ask a peer in its own environment; ends the program with a hint when that is not there."""
    python = peers.place() / "bin/python"
    if not python.exists():
        sys.exit("Install the peers first: python benchmarks/peers.py")
    command = [python, Path(__file__), task]
    done = subprocess.run(command, input=json.dumps(value), capture_output=True, text=True, check=True)  # noqa: S603 - our own command
    return json.loads(done.stdout)


if __name__ == "__main__":
    tasks = {"yake": yake_phrases, "rouge": rouge, "lingua": lingua}
    print(json.dumps(tasks[sys.argv[1]](json.load(sys.stdin))))
