"""Templates: as Mustache has them, strict where it guesses, bounded, and never read from a value."""

import re
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from pystache import Renderer

from mainstay.services.prompts.templates import (
    Rendering,
    TemplateBroken,
    TooMuchText,
    ValueMissing,
    names_in,
    parsed,
)


def render(template: str, **values: Any) -> str:
    return Rendering().text(parsed(template), values)


ITEMS = [{"title": "One", "tags": ["a", "b"]}, {"title": "Two", "tags": []}]


@pytest.mark.parametrize(
    ("template", "becomes"),
    [
        ("Hi {{ name }}{{name}}!", "Hi AdaAda!"),
        ("{{# topic }}On {{ topic }}.{{/ topic }}{{^ nothing }}None.{{/ nothing }}", "On ferries.None."),
        ("{{#items}}{{title}}:{{#tags}}<{{.}}>{{/tags}}{{^tags}}-{{/tags}} {{/items}}", "One:<a><b> Two:- "),
        ("Line\n  {{# topic }}\nin it\n  {{/ topic }}\nend", "Line\nin it\nend"),
        ("a {{! a comment }}b", "a b"),
        ("{{ place.city.name }}", "Kyiv"),
        ("{{ count }} {{ yes }} {{ place }}", '3 true {"city": {"name": "Kyiv"}}'),
        ('JSON {"a": {"b": 1}} stays, and { {name} } too', 'JSON {"a": {"b": 1}} stays, and { {name} } too'),
        ("<b>&\"'", "<b>&\"'"),
    ],
)
def test_a_template_becomes(template: str, becomes: str) -> None:
    values = {"name": "Ada", "topic": "ferries", "items": ITEMS, "place": {"city": {"name": "Kyiv"}}}
    assert render(template, **values, count=3, yes=True, nothing=None) == becomes


@pytest.mark.parametrize(
    "template",
    [
        *(
            "{{# a }}x",
            "x{{/ a }}",
            "{{# a }}{{# b }}{{/ a }}{{/ b }}",
            "{{",
            "{{}}",
            "{{ a b }}",
            "{{{ a }}}",
        ),
        *("{{> /etc/passwd }}", "{{=<% %>=}}", "{{& a }}", "{{ a.__class__() }}", "{{ a[0] }}", "{{ 'a' }}"),
        "{{# a }}" * 17 + "{{/ a }}" * 17,
    ],
)
def test_what_is_no_template_is_refused(template: str) -> None:
    with pytest.raises(TemplateBroken):
        parsed(template)


HOSTILE = ["{{ secret }}", "{{# secret }}x{{/ secret }}", "{{/ name }}", "{{!", "}}", "{{{ secret }}}"]


@pytest.mark.parametrize("value", HOSTILE)
def test_a_value_is_never_read_as_a_template(value: str) -> None:
    assert render("[{{ name }}{{# many }}{{ . }}{{/ many }}]", name=value, many=[value], secret="s") == (
        f"[{value}{value}]"
    )


def test_nothing_but_values_can_be_reached() -> None:
    for key in ("name.__class__", "items.append", "name.upper", "items.0", "many.count"):
        with pytest.raises((ValueMissing, TemplateBroken)):
            render(f"{{{{ {key} }}}}", name="Ada", items=[1], many=["a"])


def test_what_is_rendered_is_bounded() -> None:
    nested = "{{#a}}" * 8 + "x" + "{{/a}}" * 8
    started = time.process_time()
    with pytest.raises(TooMuchText, match="parts"):
        render(nested, a=[1] * 100)
    with pytest.raises(TooMuchText, match="characters"):
        render("{{#a}}{{b}}{{/a}}", a=[1] * 2_000, b="x" * 1_000)
    assert time.process_time() - started < 2


@pytest.mark.parametrize(
    "text", ["{{" * 50_000, "{{ a" * 30_000, "{{!" + " " * 99_000, "\n" * 50_000 + "{{# a }}"]
)
def test_odd_templates_are_taken_apart_in_no_time(text: str) -> None:
    started = time.process_time()
    with pytest.raises(TemplateBroken):
        parsed(text)
    assert time.process_time() - started < 1


def test_names_are_told() -> None:
    names = names_in(parsed("{{ a }}{{# b }}{{ c }}{{/ b }}{{^ d.e }}{{/ d.e }}{{ f.g }}"))
    assert names.plain == {"a", "f"}
    assert names.sections == {"b", "d"}


WORDS = some.sampled_from(["a", "b", "c"])
TEXTS = some.sampled_from(["x", " ", "\n", "  \n", "é\n", "y z"])
PARTS = some.recursive(
    TEXTS | WORDS.map(lambda name: f"{{{{ {name} }}}}") | some.just("{{! c }}"),
    lambda inner: some.builds(
        lambda name, sign, inside: f"{{{{{sign}{name}}}}}{''.join(inside)}{{{{/{name}}}}}",
        WORDS,
        some.sampled_from("#^"),
        some.lists(inner, max_size=3),
    ),
    max_leaves=12,
)
VALUES = some.fixed_dictionaries(
    {
        name: some.one_of(some.just("v<&"), some.booleans(), some.lists(some.just("i"), max_size=2))
        for name in "abc"
    }
)


@settings(max_examples=400, deadline=None)
@given(template=some.lists(PARTS, max_size=6).map("".join), values=VALUES)
def test_it_becomes_what_mustache_makes_of_it(template: str, values: dict[str, Any]) -> None:
    """Held against pystache; lists and truth are written otherwise there, so they stand in sections alone."""
    told = {name: value for name, value in values.items() if isinstance(value, str)}
    if any(name not in told for name in re.findall(r"\{\{ ([abc]) \}\}", template)):
        return
    ours = render(template, **values)
    theirs = Renderer(escape=lambda text: text, missing_tags="strict").render(template, values)
    assert ours == theirs
