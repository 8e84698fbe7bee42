"""Fields at fault, by the names that the client knows them by and not by those of our operations."""

from collections.abc import Mapping

from mainstay.kit.errors import Failure

Names = Mapping[str, str]
"""The client's name for each of ours, which is a path without places in lists (`messages.call_id`).

An empty name leaves its part out. One that ends in a point stands for all that is below: what we made of it
has other places. A path with its places (`messages.1.images.0`) has a name that is whole, places and all.
"""


def as_sent(field: str, names: Names) -> str:
    """Give a field's path as the client has it."""
    if field in names and any(map(str.isdecimal, field.split("."))):
        return names[field]
    ours, told = "", list[str]()
    for part in field.split("."):
        if part.isdecimal():
            told.append(part)
            continue
        ours = f"{ours}.{part}" if ours else part
        name = names.get(ours, part)
        if name:
            told.append(name.removesuffix("."))
        if name.endswith("."):
            break
    return ".".join(told)


def name_as_sent(failure: Failure, names: Names) -> None:
    """Name the fields of a failure, and those that its detail lists."""
    ours = ", ".join(problem.get("field", "") for problem in failure.problems)
    for problem in failure.problems:
        problem["field"] = as_sent(problem.get("field", ""), names)
    told = ", ".join(problem["field"] for problem in failure.problems)
    failure.detail = failure.detail.replace(f"these fields: {ours}.", f"these fields: {told}.")
