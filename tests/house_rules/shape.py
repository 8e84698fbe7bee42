"""Rules about the shape of files: size, names, docstrings, silenced checks, forbidden calls."""

import ast
import re
from collections.abc import Mapping, Sequence

from house_rules.source import Module, within

LINES_MAX = 400
FUNCTION_LINES_MAX = 60
NAMES_FORBIDDEN = {"utils", "util", "helpers", "helper", "common", "base", "manager", "misc", "types"}

CHANCE = re.compile(
    r"time\.(time|time_ns)|datetime\.datetime\.(now|utcnow|today)|datetime\.date\.today|random\..+|secrets\..+"
    r"|uuid\.uuid[14]|os\.(urandom|getrandom)|numpy\.random\..+"
)
DANGEROUS = re.compile(
    r"(pickle|cPickle|dill|joblib|marshal|shelve)\..+|eval|exec|yaml\.(load|unsafe_load|full_load)"
    r"|os\.(system|popen)|torch\..+"
)
_SILENT = re.compile(r"#\s*(noqa|type:\s*ignore|pragma\b)(.*)")
_REASONED = {
    "noqa": re.compile(r":\s*[A-Z]+\d+(,\s*[A-Z]+\d+)*\s+- \S.+"),
    "type: ignore": re.compile(r"\[[\w-]+(,\s*[\w-]+)*\].*"),
}


def too_long(modules: Sequence[Module]) -> list[str]:
    """Find files and functions that are too long."""
    wrong = []
    for module in modules:
        lines = len(module.text.splitlines())
        if lines > LINES_MAX:
            wrong.append(module.at(lines, f"a file has {LINES_MAX} lines at most, not {lines}"))
        for function in module.functions():
            length = (function.end_lineno or 0) - function.lineno + 1
            if length > FUNCTION_LINES_MAX:
                wrong.append(
                    module.at(function, f"{function.name} has {length} lines, not {FUNCTION_LINES_MAX}")
                )
    return wrong


def badly_named(modules: Sequence[Module]) -> list[str]:
    """Find files and folders whose names say nothing."""
    return [
        module.at(1, "this name says nothing")
        for module in modules
        if NAMES_FORBIDDEN & set(module.place.removesuffix(".py").split("/"))
    ]


def undescribed(modules: Sequence[Module]) -> list[str]:
    """Find modules without a first sentence, and `__init__.py` files with anything but one."""
    wrong = []
    for module in modules:
        if not ast.get_docstring(module.tree):
            wrong.append(module.at(1, "a module begins with one sentence: what this room is for"))
        elif module.file == "__init__" and len(module.text.strip().splitlines()) != 1:
            wrong.append(module.at(2, "an __init__.py is one docstring line"))
    return wrong


def silenced(modules: Sequence[Module]) -> list[str]:
    """Find checks that were silenced without a code and a reason."""
    wrong = []
    for module in modules:
        for number, line in enumerate(module.text.splitlines(), 1):
            found = _SILENT.search(line)
            if found is None:
                continue
            what = re.sub(r":\s*", ": ", found[1])
            reasoned = _REASONED.get(what)
            if reasoned is None or not reasoned.fullmatch(found[2]):
                wrong.append(module.at(number, f"`{what}` needs its code and a reason"))
    return wrong


def uncontrolled(modules: Sequence[Module], allowed: Mapping[str, str]) -> list[str]:
    """Find clocks, random numbers and ids that do not come from the kit."""
    return [
        module.at(call, f"{name}: clock, random and ids come from mainstay.kit")
        for module in modules
        if not within(module.place, [*allowed])
        for name, call in module.calls()
        if CHANCE.fullmatch(name)
    ]


def dangerous(modules: Sequence[Module]) -> list[str]:
    """Find calls that run what data says, and imports of libraries that do."""
    wrong = []
    for module in modules:
        for name, call in module.calls():
            let = any(
                each.arg in {"shell", "allow_pickle"} and ast.unparse(each.value) != "False"
                for each in call.keywords
            )
            if let or DANGEROUS.fullmatch(name):
                wrong.append(module.at(call, f"{name} may run what data says"))
        wrong += [
            module.at(each.line, f"{each.module} may run what data says")
            for each in module.imports()
            if each.under("pickle", "dill", "joblib", "marshal", "shelve", "torch")
        ]
    return wrong
