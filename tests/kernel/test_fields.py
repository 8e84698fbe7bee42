"""What is wrong with a field is said in words for people."""

from typing import Annotated, Any, Literal

import pytest
from pydantic import AfterValidator, BaseModel, Field, StringConstraints, ValidationError

from mainstay.kernel.fields import problem_of, problems_of


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


class Part(BaseModel):
    name: str
    size: int
    remark: str = ""


class Whole(BaseModel, extra="forbid"):
    left: str = ""
    parts: list[Part] = []
    right: str = ""


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ({"lefd": "a"}, "There is no such field; there are `left`, `parts` and `right`."),
        ({"lefd": "a", "left": "b", "parts": []}, "There is no such field; there is `right`."),
        (
            {"a": "", "left": "", "right": "", "parts": []},
            "There is no such field; check its spelling.",
        ),
        ({"parts": ["a"]}, "Write an object with `name` and `size`."),
    ],
)
def test_fields_that_there_are_are_named(sent: dict[str, Any], expected: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Whole.model_validate(sent, strict=True)
    [problem] = problems_of(caught.value, sent, Whole)
    assert problem["problem"] == expected


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


Size = Literal["a", "b"]
Other = Literal["c"]


class One(BaseModel):
    kind: Literal["one"]
    value: str | float | list[Annotated[str, Field(min_length=1)]]


class Many(BaseModel):
    kind: Literal["many"]
    parts: list[One]


class Choices(BaseModel):
    word: str | list[Annotated[str, Field(min_length=1)]] = ""
    facts: dict[Annotated[str, Field(max_length=3)], str | bool] = {}
    sort: Size | Other = "a"
    tree: Annotated[One | Many, Field(discriminator="kind")] | None = None


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ({"word": 5}, {"word": "Write a text, or write a list."}),
        ({"word": [""]}, {"word.0": "Write at least 1 character."}),
        ({"word": ["a", 5]}, {"word.1": "Write a text."}),
        (
            {"facts": {"a": [], "b": None}},
            dict.fromkeys(("facts.a", "facts.b"), "Write a text, or write true or false."),
        ),
        ({"facts": {"long": "x"}}, {"facts.long.[key]": "Write at most 3 characters."}),
        ({"sort": "d"}, {"sort": "Choose 'a' or 'b', or choose 'c'."}),
        ({"tree": {}}, {"tree": "Say by 'kind' of which kind it is."}),
        ({"tree": {"kind": "hunter2"}}, {"tree": "As 'kind' choose 'one', 'many'."}),
        ({"tree": {"kind": "one"}}, {"tree.value": "This field is required."}),
        ({"tree": {"kind": "one", "value": [""]}}, {"tree.value.0": "Write at least 1 character."}),
        (
            {"tree": {"kind": "many", "parts": [{"kind": "one", "value": {}}]}},
            {"tree.parts.0.value": "Write a text, or write a number, or write a list."},
        ),
    ],
)
def test_of_several_kinds_the_one_that_was_sent_is_spoken_of(
    sent: dict[str, Any], told: dict[str, str]
) -> None:
    with pytest.raises(ValidationError) as caught:
        Choices.model_validate(sent, strict=True)
    assert {each["field"]: each["problem"] for each in problems_of(caught.value, sent)} == told
