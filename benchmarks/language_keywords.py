"""Key phrases: F1@10 on Inspec beside YAKE's (Campos et al. 2020), stemmed and matched whole.

    MAINSTAY_BENCH_DATA=… python benchmarks/language_keywords.py [--json FILE]

Of the 2,000 abstracts those with an odd number are measured; the lists of words were written looking at the
others. Macro: the mean of the abstracts' F1; micro: F1 of all phrases together.
"""

import re
import time
from collections.abc import Mapping, Sequence

import Stemmer
from datasets import folder, keyphrases
from figures import Figure, at_least, options, tell
from language_peers import asked

from mainstay.services.language.keywords import phrases

TOP = 10
_WORD = re.compile(r"[\w']+")
_STEMMER = Stemmer.Stemmer("porter")


def stemmed(phrase: str) -> str:
    """Give a phrase's stems; hyphens count as spaces."""
    return " ".join(_STEMMER.stemWords(_WORD.findall(phrase.lower())))


def f1(found: Mapping[str, Sequence[str]], wanted: Mapping[str, Sequence[str]]) -> tuple[float, float]:
    """Give macro and micro F1 of the first ten phrases."""
    each, right_all, found_all, wanted_all = [], 0, 0, 0
    for name, phrases_wanted in wanted.items():
        gold = {stemmed(phrase) for phrase in phrases_wanted}
        ours = list(dict.fromkeys(stemmed(phrase) for phrase in found[name]))[:TOP]
        right = len(gold & set(ours))
        each.append(2 * right / (len(gold) + len(ours)) if ours else 0.0)
        right_all, found_all, wanted_all = right_all + right, found_all + len(ours), wanted_all + len(gold)
    return sum(each) / len(each), 2 * right_all / (found_all + wanted_all)


def ours(texts: Mapping[str, str]) -> dict[str, list[str]]:
    """Give ten key phrases of each text."""
    return {
        name: [text[each.start : each.end] for each in phrases(text, "en", TOP)]
        for name, text in texts.items()
    }


def main() -> None:
    """Measure."""
    arguments = options(__doc__ or "").parse_args()
    measured = {name: both for name, both in keyphrases(folder()).items() if int(name) % 2}
    texts = {name: text for name, (text, _) in measured.items()}
    wanted = {name: keys for name, (_, keys) in measured.items()}
    start = time.perf_counter()
    found = ours(texts)
    spent = (time.perf_counter() - start) / len(texts)
    macro, micro = f1(found, wanted)
    theirs = asked("yake", list(texts.values()))
    macro_yake, micro_yake = f1(dict(zip(texts, theirs, strict=True)), wanted)
    tell(
        [
            Figure("abstracts", f"{len(texts):,}"),
            Figure("macro F1@10", f"{macro:.4f}"),
            Figure("macro F1@10 of YAKE", f"{macro_yake:.4f}"),
            at_least("macro F1@10 over YAKE's", macro / macro_yake, 1, "×"),
            Figure("micro F1@10", f"{micro:.4f}"),
            Figure("micro F1@10 of YAKE", f"{micro_yake:.4f}"),
            at_least("micro F1@10 over YAKE's", micro / micro_yake, 1, "×"),
            Figure("time a text", f"{spent * 1e3:.2f} ms"),
        ],
        arguments.json,
    )


if __name__ == "__main__":
    main()
