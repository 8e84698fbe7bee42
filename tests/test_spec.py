"""What is generated from the code is checked in, and every operation and setting is described."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from mainstay.app import spec
from mainstay.app.settings import Settings
from mainstay.kernel import patterns
from mainstay.kernel.guard import ANYBODY, STRANGER
from mainstay.kernel.interface import Operation
from mainstay.services.identity.roles import PERMISSIONS

APPLICATION = spec.application()
OPERATIONS = [pytest.param(each, id=each.full_name) for each in APPLICATION.operations]


def test_the_generated_files_are_up_to_date() -> None:
    assert spec.outdated() == [], "run `make spec`, and read the difference"


def test_a_file_that_differs_is_told_and_written_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert spec.main(["--root", str(tmp_path)]) == 0
    changed = tmp_path / "spec" / "openapi.json"
    changed.write_text("{}", encoding="utf-8")
    capsys.readouterr()
    assert spec.main(["--check", "--root", str(tmp_path)]) == 1
    assert capsys.readouterr().out == "spec/openapi.json is out of date; run `make spec`\n"
    assert changed.read_text(encoding="utf-8") == "{}"
    assert spec.main(["--root", str(tmp_path)]) == 0
    assert spec.main(["--check", "--root", str(tmp_path)]) == 0


def test_every_operation_has_a_route_a_tool_and_a_row() -> None:
    files = spec.files()
    paths = json.loads(files["spec/openapi.json"])["paths"]
    tools = {tool["name"] for tool in json.loads(files["spec/mcp.json"])["tools"]}
    for operation in APPLICATION.operations:
        for route in operation.routes:
            assert route.method.lower() in paths[route.path], operation.full_name
        assert f"| `{operation.full_name}` |" in files["docs/operations.md"]
        has_tool = operation.kind != "stream" and operation.may != STRANGER
        assert (operation.full_name.replace(".", "_") in tools) == has_tool


def test_white_space_in_patterns_is_the_same_to_everybody() -> None:
    """U+0085 is white space here but not in ECMA-262, the language of schemas; U+FEFF there but not here."""
    found = re.findall(r'"pattern": (".*"),?$', spec.files()["spec/openapi.json"], re.MULTILINE)
    patterns = [pattern for each in found if "\\s" in (pattern := json.loads(each))]
    assert patterns
    assert [each for each in patterns if each.count("[^\\s") != each.count(r"\x7f-\x9f\ufeff")] == []
    assert not [each for each in found if "\\S" in each]


def test_every_pattern_has_words_for_people() -> None:
    found = re.findall(r'"pattern": (".*"),?$', spec.files()["spec/openapi.json"], re.MULTILINE)
    assert {pattern for each in found if (pattern := json.loads(each)) in patterns.in_words(pattern)} == set()
    assert patterns.in_words("^x{3}$") == "Write it so that it matches `^x{3}$`."


@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_operation_has_words_and_a_permission(operation: Operation) -> None:
    assert operation.summary.split()[0][0].isupper(), "the first line is a sentence"
    assert len(operation.summary) <= 120
    assert operation.may
    assert operation.may in {ANYBODY, STRANGER} or operation.may.split(":")[1], "a permission is noun:verb"


@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_operation_with_inputs_has_an_example_that_is_valid(operation: Operation) -> None:
    required = {each.name for each in operation.parameters if each.required and not each.upload}
    assert required <= set(operation.example), "the example gives what is required"
    values: dict[str, Any] = dict(operation.example)
    if operation.upload is not None:
        values[operation.upload.name] = None
    operation.model.model_validate(values, strict=True)


def test_every_permission_of_a_role_is_asked_for_by_an_operation() -> None:
    asked = {operation.may for operation in APPLICATION.operations}
    asked |= {name for each in APPLICATION.interfaces for name in each.grants}
    granted = {permission for permissions in PERMISSIONS.values() for permission in permissions} - {"*"}
    assert granted - {"audit:read"} <= asked  # which a reader of the audit will ask for


@pytest.mark.parametrize("name", Settings.model_fields)
def test_a_setting_is_described(name: str) -> None:
    description = Settings.model_fields[name].description or ""
    assert description[:1].isalpha() or description[:1] == "`"
    assert description.endswith((".", ")"))
    variable = f"MAINSTAY_{name.upper()}"
    assert f"| `{variable}` |" in spec.settings_page()


def test_the_handbook_names_every_setting() -> None:
    pages = (spec.ROOT / "src/mainstay/handbook").glob("settings*.md")
    told = "".join(page.read_text(encoding="utf-8") for page in pages)
    missing = [name for name in Settings.model_fields if f"`MAINSTAY_{name.upper()}`" not in told]
    assert missing == []
