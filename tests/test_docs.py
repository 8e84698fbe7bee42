"""The words of the project hold: links lead somewhere, and what they name exists."""

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.core import TyperGroup
from typer.main import get_command

from mainstay.app import main, spec
from mainstay.app.cli import build
from mainstay.app.sample import COLLECTION, pages
from mainstay.app.settings import Settings
from mainstay.transports.cli.door import Late

ROOT = spec.ROOT
HANDBOOK = ROOT / "src" / "mainstay" / "handbook"
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *HANDBOOK.glob("*.md")])
NAMED = [pytest.param(page, id=page.relative_to(ROOT).as_posix()) for page in PAGES]

_LINK = re.compile(r"(?<!!)\[[^\]\n]*\]\(([^)\s]+)\)")
_FENCE = re.compile(r"^```[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`((?:\.venv/bin/)?mainstay [^`\n]+)`")
_FROM_REGISTRY = re.compile(r"pip install (?:-\S+ )*['\"]?mainstay\b")
_MAKE = re.compile(r"`make ([a-z]+)`")
_VARIABLE = re.compile(r"\bMAINSTAY_[A-Z_]*[A-Z]\b")
_ROUTE = re.compile(r"\b(GET|POST|PATCH|PUT|DELETE) (?:/api)?/v1(/[\w{}/.-]*)")
_OPERATION = re.compile(
    r"\b(?:mainstay\.)?(assistant|authorization|federation|identity|jobs|knowledge|observability|people|privacy)\.([a-z]+_[a-z_]+|search|answer|query|evaluate|rebuild)\b"
)
_ELSEWHERE = {
    "MAINSTAY_URL",
    "MAINSTAY_API_KEY",
    "MAINSTAY_REQUIRE_SERVICES",
    "MAINSTAY_BENCH_DATA",
    "MAINSTAY_FULL_COUNT",
}
_REGISTRIES = re.compile("|".join(("py" + "pi", "npm" + "js", "python" + "hosted")), re.IGNORECASE)


def _text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def _anchors(page: Path) -> set[str]:
    heads = re.findall(r"^#{1,6} (.+)$", _text(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", NAMED)
def test_links_lead_somewhere(page: Path) -> None:
    for target in _LINK.findall(_FENCE.sub("", _text(page))):
        if target.startswith(("http://", "https://", "mailto:")):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), target
        assert file.is_relative_to(ROOT), target
        assert not anchor or anchor in _anchors(file), target


def _commands(page: Path) -> Iterator[list[str]]:
    text = _text(page)
    fenced = [
        line
        for block in _FENCE.findall(text)
        for line in block.replace("\\\n", " ").splitlines()
        if re.match(r"(?:\w+=\S+ +)*(?:\S*/)?mainstay ", line.strip().replace("'", ""))
    ]
    for line in [*fenced, *_INLINE.findall(text)]:
        words = shlex.split(line.replace("…", "x"), comments=True)
        while words and not words[0].endswith("mainstay"):
            words.pop(0)
        yield words[1:]


@pytest.fixture(scope="module")
def root() -> TyperGroup:
    extra = [Late(name, summary, main._loading(target)) for name, summary, target in main._COMMANDS]
    command = get_command(build(extra))
    assert isinstance(command, TyperGroup)
    return command


def _named(root: TyperGroup, words: list[str]) -> tuple[Any, list[str]]:
    command: Any = root
    context = typer.Context(root)
    rest = list(words)
    while isinstance(command, TyperGroup) and rest and not rest[0].startswith("-"):
        _, command, rest = command.resolve_command(context, rest)
        context = typer.Context(command, parent=context)
    return command, rest


@pytest.mark.parametrize("page", NAMED)
def test_commands_and_their_options_exist(page: Path, root: TyperGroup) -> None:
    for words in _commands(page):
        command, rest = _named(root, words)
        options = {option for each in command.params for option in (*each.opts, *each.secondary_opts)}
        required = [each.opts for each in command.params if each.required and each.opts[0].startswith("--")]
        if rest:  # a command that is only named need not be complete
            missing = [opts for opts in required if not {*opts} & {*rest}]
            assert not missing, f"{' '.join(words)}: {missing}"
        for word in rest:
            if word in {"<", ">", "|", "&&", "&"}:
                break
            if word.startswith("-") and len(word) > 1:
                assert word.partition("=")[0] in options | {"--help"}, f"{' '.join(words)}: {word}"


@pytest.mark.parametrize("page", NAMED)
def test_named_things_exist(page: Path) -> None:
    text = _text(page)
    operations = spec.application().operations
    names = {operation.full_name for operation in operations}
    routes = {(route.method, route.path) for operation in operations for route in operation.routes}
    targets = set(re.findall(r"^([a-z]+):", _text(ROOT / "Makefile"), re.MULTILINE))
    settings = {f"MAINSTAY_{name.upper()}" for name in Settings.model_fields}
    assert {f"{service}.{name}" for service, name in _OPERATION.findall(text)} <= names
    assert {(method, path.rstrip(".")) for method, path in _ROUTE.findall(text)} <= routes
    assert set(_MAKE.findall(text)) <= targets
    assert set(_VARIABLE.findall(text)) <= settings | _ELSEWHERE


@pytest.mark.parametrize("page", NAMED)
def test_no_page_names_a_package_registry(page: Path) -> None:
    assert not _REGISTRIES.search(_text(page))


def test_the_house_on_one_page_names_every_service() -> None:
    folders = {folder.parent.name for folder in (ROOT / "src/mainstay/services").glob("*/interface.py")}
    [named] = re.findall(
        r"^\| 4 \| `services/` \| ([a-z, ]+);", _text(ROOT / "CONTRIBUTING.md"), re.MULTILINE
    )
    assert named.split(", ") == sorted(folders)


def test_the_sample_asks_about_pages_that_are_there() -> None:
    documents = {page["doc_id"]: page["text"] for page in pages()}
    lines = _text(HANDBOOK / "questions.jsonl").splitlines()
    assert len(lines) >= 30
    for line in lines:
        question = json.loads(line)
        assert set(question) <= {"question", "doc_ids", "answer"}
        assert set(question["doc_ids"]) <= set(documents)
        assert all(doc_id.startswith(f"{COLLECTION}/") for doc_id in question["doc_ids"])
        told = " ".join(documents[doc_id] for doc_id in question["doc_ids"])
        assert question.get("answer", "") in told


@pytest.mark.parametrize("page", [pytest.param(page, id=page["doc_id"]) for page in pages()])
def test_a_handbook_page_has_a_title_and_a_readable_length(page: dict[str, str]) -> None:
    assert page["text"].startswith(f"# {page['title']}\n")
    assert 250 <= len(page["text"].split()) <= 900


@pytest.mark.parametrize(
    "page", sorted((ROOT / "docs" / "decisions").glob("*.md"), key=str), ids=lambda page: page.name
)
def test_a_decision_is_one_page(page: Path) -> None:
    text = _text(page)
    assert re.fullmatch(r"\d{4}-[a-z0-9-]+\.md", page.name)
    assert len(text.splitlines()) <= 40
    for head in ("## Context", "## Decision", "## Consequences"):
        assert head in text


def test_nothing_is_installed_from_a_registry_that_does_not_have_it() -> None:
    """Whoever took the name there first would be installed."""
    files = [*PAGES, *(ROOT / "src").rglob("*.py")]
    assert [path for path in files if _FROM_REGISTRY.search(path.read_text())] == []
