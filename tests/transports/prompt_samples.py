"""Values for the operations of prompts."""

from collections.abc import Callable
from typing import Any

from transports.worlds import NOWHERE, Sample, Values, World, plain

_EXAMPLES = [
    {"name": "ada", "variables": {"name": "Ada ü"}, "expect": [{"contains": "Ada"}, {"matches": "A.a"}]}
]
_ARMS = [{"arm": "now", "version": 1, "weight": 2}, {"arm": "new", "version": 2}]
_READ, _THEIRS = "read", "their-prompt"
_WRONG, _NO_PROMPT = {"name": "no name!"}, {"name": NOWHERE}
_SETTINGS = {
    "temperature": 0.5,
    "tokens_max": 50,
    "stop": ["END"],
    "cache": {"mode": "semantic", "seconds": 60},
}
_CONTENT: Values = {
    "messages": [{"role": "user", "content": "Grüße {{ name }}{{# topic }}, {{ topic }}{{/ topic }}."}],
    "variables": [{"name": "name", "kind": "text"}, {"name": "topic", "required": False}],
    "settings": _SETTINGS,
    "note": "The first.",
}
_VALUES: Values = {"variables": {"name": "Ada"}, "version": 1}


def _names(world: World) -> list[str]:
    return [each["name"] for each in world.call("prompts.list_prompts", limit=200)["prompts"]]


def prompt_of(world: World, name: str = _READ) -> str:
    """Give a prompt with two versions, a label and examples, the same each time for a name."""
    if name not in _names(world):
        world.call("prompts.create_prompt", name=name, text="Greet {{ name }}.")
        world.call("prompts.add_prompt_version", name=name, text="Hello {{ name }}.")
        world.call("prompts.move_prompt_label", name=name, label="staging", version=1)
        world.call("prompts.move_prompt_label", name=name, label="staging", version=2)
        world.call("prompts.set_prompt_examples", name=name, examples=_EXAMPLES)
    return name


def _read(world: World, _mark: str) -> Values:
    return {"name": prompt_of(world, _READ)}


def _fresh(prefix: str) -> Callable[[World, str], Values]:
    """Give a prompt of its own at each call: what changes one changes no other."""
    return lambda world, mark: {"name": prompt_of(world, f"{prefix}-{mark}".replace(" ", "-"))}


def read_test_of(world: World) -> str:
    """Give the one test of the prompt that is read."""
    name = prompt_of(world, _READ)
    tests: list[dict[str, Any]] = world.call("prompts.list_prompt_tests", name=name)["tests"]
    if not tests:
        started = world.call("prompts.start_prompt_test", name=name, version=1)
        world.call("jobs.get_job", job_id=started["job_id"], wait_s=30)
        house = world.running.house
        [service] = [each for each in house._caretakers if hasattr(each, "_answering")]
        world.running.do(house._go_round(service))  # its traces are not to come later
        return str(started["test_id"])
    return str(tests[0]["test_id"])


def read_experiment_of(world: World) -> str:
    """Give the one experiment of the prompt that is read."""
    name = prompt_of(world, _READ)
    found = world.call("prompts.list_prompt_experiments", name=name)
    given = {"name": name, "arms": _ARMS, "label": "trial"}
    return str((found or [world.call("prompts.start_prompt_experiment", **given)])[0]["experiment_id"])


def _tried(world: World, mark: str) -> Values:
    read_test_of(world)
    return _read(world, mark)


def _experiment(world: World, mark: str) -> Values:
    prompt = _fresh("stop")(world, mark)
    made = world.call("prompts.start_prompt_experiment", **prompt, arms=_ARMS)
    return {**prompt, "experiment_id": made["experiment_id"], "winner": "new"}


PROMPTS: dict[str, Sample] = {
    "prompts.create_prompt": Sample(
        lambda _, mark: {"name": f"made-{mark}".replace(" ", "-"), **_CONTENT}, _WRONG
    ),
    "prompts.add_prompt_version": Sample(
        lambda world, mark: {**_fresh("add")(world, mark), "text": "Hi {{ name }}."}, _WRONG, _NO_PROMPT
    ),
    "prompts.list_prompts": Sample(plain(after="a", limit=1), {"limit": 0}),
    "prompts.get_prompt": Sample(
        lambda world, mark: {**_read(world, mark), "version": 1}, {**_WRONG, "label": "NO"}, _NO_PROMPT
    ),
    "prompts.list_prompt_labels": Sample(_read, _WRONG, _NO_PROMPT),
    "prompts.list_prompt_versions": Sample(
        lambda world, mark: {**_read(world, mark), "before": 2, "limit": 1}, _WRONG, _NO_PROMPT
    ),
    "prompts.compare_prompt_versions": Sample(
        lambda world, mark: {**_read(world, mark), "before": 1, "after": 2}, _WRONG, _NO_PROMPT
    ),
    "prompts.move_prompt_label": Sample(
        lambda world, mark: {
            **_fresh("move")(world, mark),
            "label": "production",
            "version": 1,
            "require_tests": 0.0,
        },
        {**_WRONG, "label": "NO!"},
        _NO_PROMPT,
    ),
    "prompts.roll_back_prompt_label": Sample(
        lambda world, mark: {**_fresh("back")(world, mark), "label": "staging"}, _WRONG, _NO_PROMPT
    ),
    "prompts.remove_prompt_label": Sample(
        lambda world, mark: {**_fresh("remove")(world, mark), "label": "staging"}, _WRONG, _NO_PROMPT
    ),
    "prompts.delete_prompt": Sample(_fresh("delete"), _WRONG, _NO_PROMPT),
    "prompts.render_prompt": Sample(
        lambda world, mark: {**_read(world, mark), **_VALUES}, _WRONG, _NO_PROMPT
    ),
    "prompts.run_prompt": Sample(
        lambda world, mark: {**_fresh("run")(world, mark), **_VALUES, "generator": "echo", "unit": "user ü"},
        {**_WRONG, "version": -1},
        _NO_PROMPT,
    ),
    "prompts.expose_prompt": Sample(
        lambda world, mark: {**_fresh("show")(world, mark), **_VALUES, "unit": "user ü"}, _WRONG, _NO_PROMPT
    ),
    "prompts.set_prompt_examples": Sample(
        lambda world, mark: {**_fresh("set")(world, mark), "examples": _EXAMPLES},
        {**_WRONG, "examples": [{"name": ""}]},
        _NO_PROMPT,
    ),
    "prompts.get_prompt_examples": Sample(_read, _WRONG, _NO_PROMPT),
    "prompts.start_prompt_test": Sample(
        lambda world, mark: {**_fresh("test")(world, mark), "version": 1, "generator": "echo"},
        _WRONG,
        _NO_PROMPT,
    ),
    "prompts.list_prompt_tests": Sample(_tried, _WRONG, _NO_PROMPT),
    "prompts.get_prompt_test": Sample(
        lambda world, mark: {**_read(world, mark), "test_id": read_test_of(world)},
        {**_WRONG, "test_id": "no id!"},
        {"test_id": NOWHERE},
    ),
    "prompts.start_prompt_experiment": Sample(
        lambda world, mark: {**_fresh("try")(world, mark), "arms": _ARMS, "alpha": 0.1},
        {"arms": []},
        _NO_PROMPT,
    ),
    "prompts.list_prompt_experiments": Sample(_read, _WRONG, _NO_PROMPT),
    "prompts.get_prompt_experiment": Sample(
        lambda world, mark: {**_read(world, mark), "experiment_id": read_experiment_of(world)},
        {"experiment_id": "no id!"},
        {"experiment_id": NOWHERE},
    ),
    "prompts.stop_prompt_experiment": Sample(
        _experiment, {"experiment_id": "no id!"}, {"experiment_id": NOWHERE}
    ),
}

PROMPTS_FOREIGN = {
    **{f"{operation}.name": lambda sides: prompt_of(sides.victim, _THEIRS) for operation in PROMPTS},
    "prompts.list_prompts.after": lambda sides: prompt_of(sides.victim, _THEIRS),
    "test_id": lambda sides: read_test_of(sides.victim),
    "against": lambda sides: read_test_of(sides.victim),
    "experiment_id": lambda sides: read_experiment_of(sides.victim),
    "exposure_id": lambda sides: read_experiment_of(sides.victim),
}
"""What of another tenant's a field may name."""

PROMPTS_OWN = {
    **{
        f"prompts.{operation}.{path}": "what a part of a prompt is called"
        for operation in ("create_prompt", "add_prompt_version")
        for path in ("variables[].name", "settings.answer_format.name", "messages[].role")
    },
    **{
        f"prompts.{operation}_prompt_label.label": "of one's own prompt; every tenant may have a `staging`"
        for operation in ("move", "roll_back", "remove")
    },
    "prompts.set_prompt_examples.examples[].name": "what an example is called",
    "prompts.list_prompt_versions.before": "a number of a version",
    "prompts.compare_prompt_versions.before": "a number of a version",
    "prompts.compare_prompt_versions.after": "a number of a version",
    **{
        f"generation.{each}.prompt.{field}": "for the trace alone, as whoever asks says"
        for each in ("complete", "stream_complete")
        for field in ("experiment_id", "exposure_id")
    },
    **{
        f"prompts.expose_prompt.shown.{field}": "what was shown to oneself; it only counts where it was"
        for field in ("experiment_id", "exposure_id")
    },
}
"""Fields that name nothing of another tenant's, and why."""
