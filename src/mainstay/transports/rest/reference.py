"""The OpenAPI document as a page to read and to try: made on the server, works offline and on a phone."""

import json
import re
from collections.abc import Mapping
from html import escape
from http import HTTPStatus
from typing import Any

from mainstay.transports.rest.looks import page
from mainstay.transports.rest.streaming import MEDIA_TYPE

Schema = Mapping[str, Any]
_SHOWN_CAPTIONS = frozenset({"Parameters and fields", "Answers"})


def _words(text: str) -> str:
    """Write a description's paragraphs, code and stress as HTML."""
    html = escape(text, quote=False)
    html = re.sub(r"`([^`]+)`", r"<code>\1</code>", html)
    html = re.sub(r"\*\*([^*]+)\*\*", r"<strong>\1</strong>", html)
    return "".join(f"<p>{part}</p>" for part in html.strip().split("\n\n"))


def _anchor(text: str) -> str:
    return escape(re.sub(r"\W+", "-", text.lower()))


def _kind(schema: Schema) -> str:
    """Write a schema's type in a few words, with a link to its record."""
    if "$ref" in schema:
        name = str(schema["$ref"]).rpartition("/")[2]
        return f'<a href="#record-{_anchor(name)}">{escape(name)}</a>'
    if "anyOf" in schema:
        return " or ".join(_kind(each) for each in schema["anyOf"])
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    if "enum" in schema:
        return " or ".join(f"<code>{escape(json.dumps(each))}</code>" for each in schema["enum"])
    return escape(str(schema.get("type", "any value")))


_BOUNDS = (
    ("minLength", "maxLength", "character"),
    ("minItems", "maxItems", "item"),
    ("minProperties", "maxProperties", "field"),
    ("minimum", "maximum", ""),
)


def _bounds(low: float | None, high: float | None, unit: str) -> str:
    units = unit and f" {unit}" + ("" if (low if high is None else high) == 1 else "s")
    if low is None:
        return f"at most {high:,}{units}"
    return f"at least {low:,}{units}" if high is None else f"{low:,} to {high:,}{units}"


def _limits(schema: Schema) -> str:
    told = [
        _bounds(schema.get(low), schema.get(high), unit)
        for low, high, unit in _BOUNDS
        if low in schema or high in schema
    ]
    if schema.get("default") is not None:
        told.append(f"default <code>{escape(json.dumps(schema['default']))}</code>")
    return ", ".join(told)


class Reference:
    """Writes one document as a page."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        """Take the document."""
        self._document = document
        self._components: Mapping[str, Any] = document["components"]
        self._base = document["servers"][0]["url"]

    def html(self) -> str:
        """Give the page."""
        info = self._document["info"]
        tags = self._document["tags"]
        links = "".join(
            f'<li><a href="#{_anchor(tag["name"])}">{escape(tag["name"])}</a></li>' for tag in tags
        )
        head = (
            f"<header><h1>{escape(info['title'])} {escape(info['version'])}</h1>{_words(info['description'])}"
            '<label for="key">API key for trying things out (kept on this page only)</label>'
            '<input id="key" type="password" autocomplete="off" spellcheck="false"></header>'
            f'<nav aria-label="Parts"><ul>{links}<li><a href="#records">Records</a></li>'
            '<li><a href="/openapi.json">openapi.json</a></li></ul></nav>'
        )
        body = "".join(self._tag(tag) for tag in tags)
        return page(f"{info['title']} reference", f"{head}<main>{body}{self._records()}</main>", script=True)

    def _tag(self, tag: Mapping[str, str]) -> str:
        parts = [
            self._operation(path, method, operation)
            for path, methods in self._document["paths"].items()
            for method, operation in methods.items()
            if tag["name"] in operation["tags"]
        ]
        heading = f'<h2 id="{_anchor(tag["name"])}">{escape(tag["name"])}</h2>'
        return f"<section>{heading}{_words(tag['description'])}{''.join(parts)}</section>"

    def _operation(self, path: str, method: str, operation: Mapping[str, Any]) -> str:
        name = operation["operationId"]
        parameters = [self._parameter(each) for each in operation.get("parameters", ())]
        fields = self._fields(operation)
        return (
            f'<details id="{escape(name)}"><summary><span class="method {method}">{method.upper()}</span> '
            f'<span class="path">{escape(self._base + path)}</span>'
            f'<span class="what">{escape(operation["summary"])}</span></summary>'
            f"{_words(operation.get('description', ''))}"
            f"{_table('Parameters and fields', [*map(_parameter_row, parameters), *fields])}"
            f"{self._form(path, method, operation, parameters)}{self._answers(operation)}</details>"
        )

    def _parameter(self, parameter: Mapping[str, Any]) -> Mapping[str, Any]:
        reference = parameter.get("$ref")
        found = self._components["parameters"][str(reference).rpartition("/")[2]] if reference else parameter
        return dict(found)

    def _body(self, operation: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
        content = operation.get("requestBody", {}).get("content", {})
        return next(iter(content.items()), ("", {}))

    def _resolved(self, schema: Schema) -> Schema:
        reference = schema.get("$ref")
        found: Schema = (
            self._components["schemas"][str(reference).rpartition("/")[2]] if reference else schema
        )
        return found

    def _fields(self, operation: Mapping[str, Any]) -> list[tuple[str, str, str, str]]:
        _, media = self._body(operation)
        return self._rows(self._resolved(media.get("schema", {})), "body")

    def _rows(self, schema: Schema, place: str) -> list[tuple[str, str, str, str]]:
        required = schema.get("required", ())
        return [
            (
                f"<code>{escape(name)}</code>{' (required)' if name in required else ''}",
                place,
                _kind(each),
                _words(each.get("description", "")) + _limits(each),
            )
            for name, each in schema.get("properties", {}).items()
        ]

    def _answers(self, operation: Mapping[str, Any]) -> str:
        """Write the good answers openly, and the problems, which are many, folded."""
        good, problems = [], []
        for status, response in operation["responses"].items():
            reference = response.get("$ref")
            found = (
                self._components["responses"][str(reference).rpartition("/")[2]] if reference else response
            )
            told = _words(str(found["description"]).replace("\n- ", "\n\n").removeprefix("- "))
            if int(status) < HTTPStatus.BAD_REQUEST:
                kind = " or ".join(_answer_kind(*each) for each in found.get("content", {}).items())
                good.append((f"<code>{status}</code>", "", kind, told))
            else:
                problems.append((f"<code>{status}</code>", "", "", told))
        folded = f"<details><summary>Problems</summary>{_table('Problems', problems)}</details>"
        return f"{_table('Answers', good)}{folded}"

    def _form(
        self, path: str, method: str, operation: Mapping[str, Any], parameters: list[Mapping[str, Any]]
    ) -> str:
        name = operation["operationId"]
        inputs = [_input(name, each["name"], each["in"], _example(each)) for each in parameters]
        media_type, media = self._body(operation)
        form = media_type == "multipart/form-data"
        if form:
            for field, schema in self._resolved(media["schema"])["properties"].items():
                place = "file" if "contentMediaType" in schema else "form"
                inputs.append(_input(name, field, place, ""))
        elif media:
            text = escape(json.dumps(media.get("example", {}), indent=2, ensure_ascii=False))
            inputs.append(
                f'<label for="{name}-body">Body (JSON)</label>'
                f'<textarea id="{name}-body" name="body" data-in="body" spellcheck="false">{text}</textarea>'
            )
        return (
            f'<details><summary>Try it</summary><form data-path="{escape(self._base + path)}" '
            f'data-method="{method.upper()}"{" data-form=1" if form else ""}>{"".join(inputs)}'
            '<button>Send</button><pre tabindex="0"><output aria-live="polite"></output></pre>'
            "</form></details>"
        )

    def _records(self) -> str:
        parts = [
            f'<details id="record-{_anchor(name)}"><summary>{escape(name)}</summary>'
            f"{_words(schema.get('description', ''))}{_table('Fields', self._rows(schema, ''))}</details>"
            for name, schema in self._components["schemas"].items()
        ]
        return f'<section><h2 id="records">Records</h2>{"".join(parts)}</section>'


def _answer_kind(media_type: str, media: Mapping[str, Any]) -> str:
    schema = media.get("schema", {})
    if media_type == MEDIA_TYPE:
        piece = schema["oneOf"][0]["properties"]["data"]["contentSchema"]
        return f"events of {_kind(piece)} (<code>{escape(media_type)}</code>)"
    return _kind(schema)


def _parameter_row(parameter: Mapping[str, Any]) -> tuple[str, str, str, str]:
    schema = parameter.get("schema") or parameter["content"]["application/json"]["schema"]
    name = f"<code>{escape(parameter['name'])}</code>{' (required)' if parameter.get('required') else ''}"
    return name, parameter["in"], _kind(schema), _words(parameter.get("description", "")) + _limits(schema)


def _example(parameter: Mapping[str, Any]) -> str:
    media = parameter.get("content", {}).get("application/json", {})
    if "example" in media:
        return json.dumps(media["example"], ensure_ascii=False)
    return str(parameter.get("example", ""))


def _input(operation: str, name: str, place: str, value: str) -> str:
    kind = "file" if place == "file" else "text"
    return (
        f'<label for="{operation}-{name}">{escape(name)}</label><input id="{operation}-{name}" '
        f'name="{escape(name)}" data-in="{place}" type="{kind}" value="{escape(value)}">'
    )


def _table(caption: str, rows: list[tuple[str, str, str, str]]) -> str:
    if not rows:
        return ""
    filled = [column for column in range(1, 4) if any(row[column] for row in rows)]
    lines = "".join(
        f"<tr><th scope=row>{row[0]}</th>{''.join(f'<td>{row[column]}</td>' for column in filled)}</tr>"
        for row in rows
    )
    titled = f"<caption>{caption}</caption>" if caption in _SHOWN_CAPTIONS else ""
    return (
        f'<div class="wide" tabindex="0" role="region" aria-label="{caption}">'
        f"<table>{titled}{lines}</table></div>"
    )
