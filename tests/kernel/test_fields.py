"""What is wrong with a field is said in words for people."""

from typing import Annotated, Any, Literal

import pytest
from pydantic import AfterValidator, BaseModel, Field, StringConstraints, ValidationError

from mainstay.kernel.fields import problem_of


def _even(value: int) -> int:
    if value % 2:
        raise ValueError("write an even number")
    return value


class Form(BaseModel):
    count: Annotated[int, Field(ge=1, le=1000)] = 1
    share: Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)] = 0.5
    name: Annotated[str, StringConstraints(min_length=1, max_length=5, pattern=r"^[a-z]*$")] = "a"
    remark: Annotated[str, StringConstraints(pattern=r"^[^\x00]*$")] = ""
    mode: Literal["hybrid", "dense", "lexical"] = "hybrid"
    tags: Annotated[list[str], Field(min_length=1, max_length=2)] = ["a"]
    facts: Annotated[dict[str, int], Field(max_length=1)] = {}
    wait: bool = False
    pair: Annotated[int, AfterValidator(_even)] = 2


@pytest.mark.parametrize(
    ("field", "value", "problem", "got"),
    [
        ("count", "many", "Write a whole number.", "text"),
        ("count", 1.5, "Write a whole number.", "a number"),
        ("count", 1001, "Write 1,000 or less.", "a whole number"),
        ("count", 0, "Write 1 or more.", "a whole number"),
        ("share", None, "Write a number.", "nothing"),
        ("share", 1.0, "Write less than 1.", "a number"),
        ("share", float("nan"), "Write a number; infinity is none.", "a number"),
        ("name", 5, "Write a text.", "a whole number"),
        ("name", "", "Write at least 1 character.", "text"),
        ("name", "abcdef", "Write at most 5 characters.", "text"),
        ("name", "A", "Write it so that it matches `^[a-z]*$`.", "text"),
        ("remark", "a\0", "Leave out control characters.", "text"),
        ("mode", "foo", "Choose 'hybrid', 'dense' or 'lexical'.", "text"),
        ("tags", [], "Give at least 1 item.", "a list"),
        ("tags", ["a", "b", "c"], "Give at most 2 items.", "a list"),
        ("tags", {}, "Write a list.", "an object"),
        ("facts", {"a": 1, "b": 2}, "Give at most 1 entry.", "an object"),
        ("facts", True, "Write an object.", "true or false"),
        ("wait", "x", "Write true or false.", "text"),
        ("pair", 3, "Write an even number.", "a whole number"),
    ],
)
def test_each_problem_says_what_to_write(field: str, value: Any, problem: str, got: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Form.model_validate({field: value}, strict=True)
    [error] = caught.value.errors(include_url=False)
    assert problem_of(error) == {"field": field, "problem": problem, "got": got}
