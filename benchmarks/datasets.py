"""Public collections to measure retrieval with, read from the folder in MAINSTAY_BENCH_DATA."""

import io
import json
import lzma
import os
import re
import sys
import tarfile
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

FOLDER = "MAINSTAY_BENCH_DATA"


@dataclass(frozen=True)
class Document:
    """One document as a user would send it; `title` may be empty."""

    id: str
    title: str
    text: str


@dataclass(frozen=True)
class Collection:
    """Documents, questions to them, and which documents answer which question (grades above zero)."""

    name: str
    language: str
    query_language: str
    documents: tuple[Document, ...]
    queries: dict[str, str]
    relevant: dict[str, dict[str, int]]


def folder() -> Path:
    """Give the folder of public data; ends the program with a hint when it is not set."""
    place = os.environ.get(FOLDER, "")
    if not place or not Path(place).is_dir():
        sys.exit(f"Set {FOLDER} to the folder that holds cacm/, vaswani/ and xquad/.")
    return Path(place)


def _number(name: str) -> str:
    # CACM's judgements say CACM-756 where its files say CACM-0756
    return str(int(name.removeprefix("CACM-")))


def _judgements(lines: Iterable[str]) -> dict[str, dict[str, int]]:
    relevant: dict[str, dict[str, int]] = {}
    for line in lines:
        query, _, document, grade = line.split()
        if int(grade) > 0:
            relevant.setdefault(query, {})[_number(document)] = int(grade)
    return relevant


def _squeeze(text: str) -> str:
    return " ".join(text.split())


def vaswani(root: Path) -> Collection:
    """Read the NPL collection: 11,429 abstracts on electronics, 93 questions, many relevant each."""
    place = root / "vaswani"
    found = re.findall(
        r"<DOCNO>(\d+)</DOCNO>(.*?)</DOC>", (place / "corpus/doc-text.trec").read_text(), re.DOTALL
    )
    asked = re.findall(
        r"<num>(\d+)</num><title>(.*?)</title>", (place / "query-text.trec").read_text(), re.DOTALL
    )
    with (place / "qrels").open() as lines:
        relevant = _judgements(lines)
    queries = {number: _squeeze(text).lower() for number, text in asked if number in relevant}
    documents = tuple(Document(number, "", _squeeze(text)) for number, text in found)
    return Collection("vaswani", "en", "en", documents, queries, relevant)


def _cacm_document(name: str, page: str) -> Document:
    body = re.sub(r"<[^>]+>", "", page)
    lines = [line.strip() for line in body.splitlines()]
    # the table at the end holds citation links between records, not words
    kept = "\n".join(line for line in lines if not re.fullmatch(r"\d+\s+\d+\s+\d+", line))
    parts = [_squeeze(part) for part in re.split(r"\n\s*\n", kept) if part.strip()]
    return Document(name, parts[0], "\n\n".join(parts[1:]))


def cacm(root: Path) -> Collection:
    """Read CACM: 3,204 records of a computing journal (most without abstract), 52 judged questions."""
    place = root / "cacm"
    documents = []
    with tarfile.open(place / "cacm.tar.gz") as archive:
        for member in archive.getmembers():
            page = archive.extractfile(member)
            if page is not None and member.name.endswith(".html"):
                name = _number(Path(member.name).stem)
                documents.append(_cacm_document(name, page.read().decode("utf-8", "replace")))
    with (place / "qrels/qrels.cacm.txt").open() as lines:
        relevant = _judgements(lines)
    topics = (place / "topics/topics.cacm.txt").read_text()
    asked = re.findall(r"<DOCNO>\s*(\d+)\s*</DOCNO>(.*?)</DOC>", topics, re.DOTALL)
    queries = {number: _squeeze(text) for number, text in asked if number in relevant}
    documents.sort(key=lambda document: int(document.id))
    return Collection("cacm", "en", "en", tuple(documents), queries, relevant)


def xquad(root: Path, language: str, query_language: str) -> Collection:
    """Read XQuAD as retrieval: 240 paragraphs, 1,190 questions, one paragraph answers each.

    Source: Artetxe et al. 2020, "On the Cross-lingual Transferability of Monolingual Representations".
    """
    documents, queries, relevant = [], {}, {}
    for name, take in ((language, "documents"), (query_language, "queries")):
        parsed = json.loads((root / "xquad" / f"xquad.{name}.json").read_text())
        paragraphs = [paragraph for article in parsed["data"] for paragraph in article["paragraphs"]]
        for number, paragraph in enumerate(paragraphs):
            if take == "documents":
                documents.append(Document(str(number), "", paragraph["context"]))
                continue
            for question in paragraph["qas"]:
                queries[question["id"]] = question["question"]
                relevant[question["id"]] = {str(number): 1}
    title = f"xquad-{language}" if language == query_language else f"xquad-{query_language}→{language}"
    return Collection(title, language, query_language, tuple(documents), queries, relevant)


def inspec(root: Path) -> Collection:
    """Read Inspec as a known-item search: a title is the question, its abstract the only answer."""
    documents, queries, relevant = [], {}, {}
    with zipfile.ZipFile(root / "keyphrases/Inspec.zip") as archive:
        for name in sorted(archive.namelist()):
            if not re.fullmatch(r"Inspec/docsutf8/\d+\.txt", name):
                continue
            # a title may run over several lines: those that follow the first are indented
            lines = archive.read(name).decode("utf-8", "replace").splitlines()
            end = next((at for at, line in enumerate(lines[1:], 1) if not line.startswith("\t")), len(lines))
            number = Path(name).stem
            title, text = _squeeze(" ".join(lines[:end])), _squeeze(" ".join(lines[end:]))
            if not text:
                continue
            documents.append(Document(number, "", text))
            queries[number], relevant[number] = title, {number: 1}
    return Collection("inspec", "en", "en", tuple(documents), queries, relevant)


def keyphrases(root: Path) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Read Inspec with its key phrases (Hulth 2003): each abstract's number, its text and its phrases."""
    found = {}
    with zipfile.ZipFile(root / "keyphrases/Inspec.zip") as archive:
        for name in sorted(archive.namelist()):
            if not re.fullmatch(r"Inspec/docsutf8/\d+\.txt", name):
                continue
            number = Path(name).stem
            text = archive.read(name).decode("utf-8", "replace")
            keys = archive.read(f"Inspec/keys/{number}.key").decode("utf-8", "replace").splitlines()
            found[number] = (text, tuple(key.strip() for key in keys if key.strip()))
    return found


def debian(root: Path, every: int = 12) -> Collection:
    """Read package descriptions as a known-item search: the one-line summary asks for the long text.

    One package in `every` is taken; equal summaries and equal long texts are dropped, so that each
    question has one answer.
    """
    with lzma.open(root / "debian-descriptions/Translation-en.xz") as packed:
        entries = io.TextIOWrapper(packed, "utf-8").read().split("\n\n")
    documents, queries, relevant = [], {}, {}
    seen: set[str] = set()
    for entry in entries[::every]:
        head, _, body = entry.partition("Description-en: ")
        summary, _, rest = body.partition("\n")
        text = _squeeze(rest.replace("\n .\n", "\n"))
        name = head.partition("Package: ")[2].partition("\n")[0]
        if len(text) < 80 or summary in seen or text in seen:
            continue
        seen |= {summary, text}
        documents.append(Document(name, "", text))
        queries[name], relevant[name] = summary, {name: 1}
    return Collection("debian", "en", "en", tuple(documents), queries, relevant)


def _cross(documents: str, questions: str) -> Callable[[Path], Collection]:
    return lambda root: xquad(root, documents, questions)


READERS: dict[str, Callable[[Path], Collection]] = {
    "cacm": cacm,
    "vaswani": vaswani,
    "xquad-en": _cross("en", "en"),
    "xquad-es": _cross("es", "es"),
    "xquad-de": _cross("de", "de"),
    "xquad-es→en": _cross("en", "es"),
    "xquad-de→en": _cross("en", "de"),
    "xquad-en→es": _cross("es", "en"),
    "inspec": inspec,
    "debian": debian,
}
"""Every collection by its name; `xquad-es→en` asks in Spanish for English paragraphs."""
