"""The laws of the house, kept; and for every law, that a planted violation is found."""

import ast
import importlib
import json
import pkgutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

import mainstay
from house_rules import imports, shape, tenants
from house_rules.planted import HARMLESS, PLANTED
from house_rules.source import SOURCE, Module, parsed
from mainstay.kit.errors import KINDS, Failure
from mainstay.transports.cli.failing import EXIT_CODES, exit_code
from mainstay.transports.rest.problems import BUG_STATUS, STATUS, status_of

ROOT = SOURCE.parent.parent
Rule = Callable[[Sequence[Module]], list[str]]

LATE = {
    "app/cli.py": "a command's parts are imported when it is called",
    "app/commands/serve.py": "the server's loop is chosen where it is installed",
    "app/engines.py": "the one place that picks engines",
    "app/placement.py": "an HTTP client is imported only where services are in other processes",
    "app/services.py": "services are found by their folders",
    "engines/database/migrate.py": "alembic is imported only where there is something to migrate",
    "engines/encoder/build.py": "onnx is imported only where an encoder is drawn",
    "engines/encoder/package.py": "says whether a library is there; imports nothing",
    "engines/learners/apart.py": "says whether a library is there; imports nothing",
    "engines/parsers/kreuzberg.py": "says whether a library is there; imports nothing",
    "kernel/discovery.py": "interfaces are found by their folders",
}
LIBRARIES = {
    "app/backups.py": {"sqlite3": "a backup is SQLite's own copy of a file that is in use"},
    "kernel/connection.py": {"aiohttp": "the wire between two processes of the house is the kernel's"},
}
CHANCE = {
    "kit/clock.py": "the clock itself",
    "kit/random.py": "the random numbers themselves",
}
ACROSS_TENANTS = ("kernel", "app", "engines", "ports/database.py")
ALL_ROWS = {
    "services/authorization/client_store.py:ClientLookup": "a client is found by its id alone; daily round",
    "services/authorization/grant_store.py:GrantLookup": "codes and refresh tokens are found by their hash",
    "services/authorization/key_store.py:KeyStore": "signing keys belong to the installation",
    "services/authorization/store.py:RevocationStore": "a token is looked up before its tenant is believed",
    "services/federation/store.py:FederationLookup": "who signs in names a connection, or a domain",
    "services/gateway/tier_store.py:TierStore": "tiers belong to the installation; the operator sets others'",
    "services/generation/store.py:TraceStore": "traces are written in the background, and end by their age",
    "services/identity/erasure_store.py:ErasureStore": "the operator's erasures outlive their tenants",
    "services/identity/store.py:IdentityStore": "keys are found by their hash; the operator's tenants",
    "services/knowledge/activity.py:Activity": "when stores were searched is noted for all tenants at once",
    "services/people/code_store.py:CodeStore": "who comes with a code is not known yet; codes are a person's",
    "services/people/demand_store.py:DemandStore": "asked while somebody signs in, and for all his tenants",
    "services/people/factor_store.py:FactorStore": "second factors are a person's, whose tenants are several",
    "services/people/passkey_store.py:PasskeyStore": "passkeys are a person's, found before she is known",
    "services/people/session_store.py:SessionStore": "sessions are found by their hash, and are a person's",
    "services/widgets/store.py:VisitStore": "visitors are found by a hash, widgets by an id that is public",
    "services/people/store.py:PeopleStore": "a person is of no tenant, and members are read with her address",
}
"""Who may take the rows of every tenant, and why; whatever else a service stores is one tenant's (`Rows`)."""
HELP_LOADS_NOT = {
    "aiohttp",
    "alembic",
    "email",  # by way of importlib.metadata, which only --version needs
    "kreuzberg",
    "mcp",
    "numpy",
    "onnxruntime",
    "pydantic",
    "qdrant_edge",
    "sqlalchemy",
    "starlette",
}
CALLER_LOADS_NOT = {
    "alembic",
    "kreuzberg",
    "mcp",
    "numpy",
    "onnxruntime",
    "qdrant_edge",
    "sqlalchemy",
    "starlette",
    "tokenizers",
    "uvicorn",
}
"""What whoever calls a server does without: the SDK, and every command that asks one."""
CPU_S_MAX = 3.0
OPTIONAL = {"psycopg", "psycopg_pool", "rapidocr", "redis"}

RULES: dict[str, Rule] = {
    "size": shape.too_long,
    "names": shape.badly_named,
    "docstrings": shape.undescribed,
    "silence": shape.silenced,
    "chance": lambda modules: shape.uncontrolled(modules, CHANCE),
    "danger": shape.dangerous,
    "libraries": lambda modules: imports.misplaced_libraries(modules, LIBRARIES),
    "doors": imports.knowing_doors,
    "late": lambda modules: imports.late_imports(modules, LATE),
    "services": imports.service_files,
    "tenants": lambda modules: tenants.across_tenants(modules, ACROSS_TENANTS, ALL_ROWS),
}


@pytest.fixture(scope="module")
def modules() -> list[Module]:
    """Read the house once."""
    return parsed(SOURCE)


@pytest.mark.parametrize("law", RULES)
def test_the_house_keeps_the_law(modules: list[Module], law: str) -> None:
    assert RULES[law](modules) == []


@pytest.mark.parametrize("folder", ["tests", "benchmarks", "scripts"])
def test_what_stands_beside_the_house_is_well_named_and_harmless(folder: str) -> None:
    beside = parsed(ROOT / folder)
    assert beside
    assert [each for law in ("names", "danger") for each in RULES[law](beside)] == []


def test_every_exception_is_still_needed(modules: list[Module]) -> None:
    for law, rule in {
        "late": imports.late_imports(modules, {}),
        "libraries": imports.misplaced_libraries(modules, {}),
        "chance": shape.uncontrolled(modules, {}),
    }.items():
        named = {"late": LATE, "libraries": LIBRARIES, "chance": CHANCE}[law]
        assert set(named) == {each.split(":")[0] for each in rule}
    assert set(ALL_ROWS) == {name for _, _, name in tenants.holders(modules, ACROSS_TENANTS)}


def _planted(root: Path, files: dict[str, str]) -> list[Module]:
    for place, text in files.items():
        (root / place).parent.mkdir(parents=True, exist_ok=True)
        (root / place).write_text(text)
    return parsed(root)


def test_what_is_lawful_is_let_pass(tmp_path: Path) -> None:
    harmless = _planted(tmp_path, HARMLESS)
    for law, rule in RULES.items():
        assert rule(harmless) == [], law


@pytest.mark.parametrize(("law", "place", "text"), PLANTED)
def test_a_planted_violation_is_found(tmp_path: Path, law: str, place: str, text: str) -> None:
    found = RULES[law](_planted(tmp_path, {**HARMLESS, place: text}))
    assert [each for each in found if each.startswith(place)]


def test_every_law_has_a_planted_violation() -> None:
    assert {law for law, _, _ in PLANTED} == set(RULES)


def _loaded(code: str) -> tuple[set[str], float]:
    """Run code in a fresh interpreter; give what it loaded and its processor seconds."""
    after = (
        "import json, resource, sys\n"
        "used = resource.getrusage(resource.RUSAGE_SELF)\n"
        "print(json.dumps([sorted(sys.modules), used.ru_utime + used.ru_stime]))\n"
    )
    ran = subprocess.run(  # noqa: S603 - a fixed command, no shell
        [sys.executable, "-c", f"{code}\n{after}"], capture_output=True, text=True, check=True
    )
    names, cpu_s = json.loads(ran.stdout.splitlines()[-1])
    return {name.split(".")[0] for name in names}, cpu_s


_HELP = """
import sys
sys.argv = ["mainstay", *{words}, "--help"]
from mainstay.app.main import main
try:
    main()
except SystemExit:
    pass
"""
_INTERFACES = """
from mainstay.kernel.discovery import found_in
for found in found_in("mainstay.services").values():
    found.load()
"""


@pytest.mark.parametrize(
    ("code", "forbidden"),
    [
        (_HELP.format(words=[]), HELP_LOADS_NOT),
        (_HELP.format(words=["status"]), CALLER_LOADS_NOT),
        (_HELP.format(words=["ingest"]), CALLER_LOADS_NOT),
        (_INTERFACES, CALLER_LOADS_NOT),
        ("import mainstay.client", CALLER_LOADS_NOT),
    ],
    ids=["help", "status", "ingest", "every interface", "SDK"],
)
def test_starting_is_light(code: str, forbidden: set[str]) -> None:
    loaded, cpu_s = _loaded(code)
    assert loaded.isdisjoint(forbidden)
    assert cpu_s < CPU_S_MAX


def test_a_heavy_start_is_noticed() -> None:
    loaded, _ = _loaded("import numpy")
    assert not loaded.isdisjoint(HELP_LOADS_NOT)


def _failures() -> Iterator[type[Failure]]:
    for found in pkgutil.walk_packages(mainstay.__path__, "mainstay."):
        if "migrations" not in found.name and not found.name.endswith((".child", ".child_ocr")):
            try:
                importlib.import_module(found.name)
            except ModuleNotFoundError as missing:
                if str(missing.name).split(".")[0] not in OPTIONAL:
                    raise
    waiting = [Failure]
    while waiting:
        for kind in waiting.pop().__subclasses__():
            waiting.append(kind)
            if kind.__module__.startswith("mainstay."):
                yield kind


def _badly_declared(failure: type[Failure]) -> list[str]:
    """Say what is wrong with how a failure is declared."""
    kinds = [kind for kind in KINDS if issubclass(failure, kind)]
    wrong = [] if len(kinds) == 1 else [f"is of {len(kinds)} kinds"]
    own = vars(failure)
    if not own.get("title") or own["title"].endswith("."):
        wrong.append("has no title of its own, or one with a full stop")
    if not (failure.__doc__ or "").strip() or "__doc__" not in own:
        wrong.append("has no docstring")
    if status_of(failure) == BUG_STATUS or exit_code(failure("x")) == 1:
        wrong.append("is told as a bug")
    return [f"{failure.__qualname__} {each}" for each in wrong]


def test_every_failure_is_one_of_the_seven_kinds_and_every_door_tells_it() -> None:
    found = set(_failures())
    assert len(found) > 50
    assert [each for failure in found for each in _badly_declared(failure)] == []
    assert set(KINDS) <= set(STATUS)
    assert set(KINDS) == set(EXIT_CODES)
    codes = Counter(failure.code() for failure in found)
    assert [code for code, count in codes.items() if count > 1] == []


def test_a_badly_declared_failure_is_found() -> None:
    homeless = type("Homeless", (Failure,), {"title": "It has no kind", "__doc__": "It has no kind."})
    assert len(_badly_declared(homeless)) == 2
    assert (
        len(_badly_declared(type("Double", (KINDS[0], KINDS[3]), {"title": "Two", "__doc__": "Two."}))) == 1
    )
    assert len(_badly_declared(type("Nameless", (KINDS[0],), {"__doc__": "It has no title."}))) == 1


def test_every_door_has_one_table_of_kinds(modules: list[Module]) -> None:
    tables = [
        f"{module.place}:{node.lineno}"
        for module in modules
        if module.place.startswith("transports/")
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Dict)
        if {kind.__name__ for kind in KINDS} <= {ast.unparse(key) for key in node.keys if key is not None}
    ]
    assert len(tables) == len({each.split("/")[1] for each in tables}) == 2
