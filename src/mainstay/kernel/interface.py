"""How a service says what it can do: records, events, and operations with their routes and rules."""

import inspect
import re
from abc import ABCMeta
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Annotated, Any, ClassVar, Literal, TypeVar, get_args, get_origin, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, GetJsonSchemaHandler, TypeAdapter, create_model
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema

from mainstay.kit.errors import Failure

Place = Literal["path", "query", "body", "file"]
Kind = Literal["read", "write", "stream"]
Function = TypeVar("Function", bound=Callable[..., Any])

_KEY = "turn_key"
_LATE = frozenset({"wait", "wait_s"})
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
_ROUTE = re.compile(r"^(GET|POST|PUT|PATCH|DELETE) (/\S*)$")


class Record(BaseModel):
    """Something that comes out of an operation."""

    model_config = ConfigDict(frozen=True, extra="ignore", ser_json_inf_nan="null")

    def pending(self) -> bool:
        """Say whether the work behind this answer still goes on."""
        return False


class Input(BaseModel):
    """Something with fields that goes into an operation; unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Event(Record):
    """Something that happened, told to whoever stands above."""

    @classmethod
    def name(cls) -> str:
        """Give the event's name."""
        return cls.__name__


@dataclass(frozen=True)
class Upload:
    """A file that travels beside the other parameters."""

    name: str
    media_type: str | None
    content: bytes


@dataclass(frozen=True)
class InQuery:
    """Marks a parameter that travels in the query string although the operation has a body."""


@dataclass(frozen=True)
class Deprecated:
    """That an operation, or a parameter it stands upon, should be used no longer.

    It is so `since` a day and works `until` another at least (none: that is not decided). `instead` is the
    full name of the operation, or the name of the parameter, to use.
    """

    since: date
    until: date | None = None
    instead: str = ""

    @property
    def words(self) -> str:
        """Say it to people."""
        works = f", works until {self.until.isoformat()} at least" if self.until is not None else ""
        return f"Deprecated since {self.since.isoformat()}{works}" + (
            f": use `{self.instead}` instead." if self.instead else "."
        )

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Say it in the schema of a parameter."""
        return {**handler(core), "deprecated": True}


@dataclass(frozen=True)
class Route:
    """A method and a path below the base path; `{name}` marks a parameter in the path."""

    method: str
    path: str

    @classmethod
    def parse(cls, text: str) -> "Route":
        """Read a route such as `GET /documents/{doc_id}`."""
        found = _ROUTE.match(text)
        if found is None:
            raise TypeError(f"A route is a method and a path, such as 'GET /documents', not {text!r}")
        return cls(found[1], found[2])

    def under(self, base: str) -> "Route":
        """Give the route with the base path in front."""
        return Route(self.method, base + self.path)

    @property
    def names(self) -> frozenset[str]:
        """Give the names of the parameters in the path."""
        return frozenset(re.findall(r"{(\w+)}", self.path))


@dataclass(frozen=True)
class Parameter:
    """One input of an operation."""

    name: str
    annotation: Any
    default: Any
    in_query: bool
    upload: bool
    deprecated: Deprecated | None

    @property
    def required(self) -> bool:
        """Say whether the caller has to give it."""
        return self.default is inspect.Parameter.empty

    def place(self, route: Route) -> Place:
        """Say where it travels on a route."""
        if self.name in route.names:
            return "path"
        if self.upload:
            return "file"
        return "body" if route.method in _WITH_BODY and not self.in_query else "query"


@dataclass(frozen=True)
class _Notation:
    """What a decorator wrote down, before the interface is complete."""

    kind: Kind
    routes: tuple[Route, ...]
    may: str
    fails: tuple[type[Failure], ...]
    status: int
    pending: bool
    secret: bool
    final: bool
    stores: bool
    batched: bool
    deprecated: Deprecated | None
    example: Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Operation:
    """One thing that a service can do.

    What a `secret` one answers, nobody on the way may keep, nor the client's own cache. What a `final` one
    does cannot be undone by anything: people at a keyboard are asked before. A stream that `stores` writes
    too: what it has written is committed before its next piece goes out. A `batched` one computes several
    callers' questions together, so that company makes each of them cheaper.
    """

    interface: type["Interface"]
    name: str
    kind: Kind
    route: Route
    aliases: tuple[Route, ...]
    may: str
    fails: tuple[type[Failure], ...]
    status: int
    pending: bool
    secret: bool
    final: bool
    stores: bool
    batched: bool
    deprecated: Deprecated | None
    example: Mapping[str, Any]
    parameters: tuple[Parameter, ...]
    returns: Any
    summary: str
    description: str
    model: type[BaseModel]
    adapter: TypeAdapter[Any] = field(repr=False)

    @property
    def full_name(self) -> str:
        """Give the name with its service: `knowledge.search`."""
        return f"{self.interface.service}.{self.name}"

    @property
    def routes(self) -> tuple[Route, ...]:
        """Give the route and its aliases."""
        return (self.route, *self.aliases)

    @property
    def changes(self) -> bool:
        """Say whether it may change anything."""
        return self.kind == "write" or self.stores

    def bind(self, given: Sequence[Any], named: Mapping[str, Any]) -> dict[str, Any]:
        """Give the arguments of a call by name; raises TypeError as the call of a function does."""
        names = [parameter.name for parameter in self.parameters]
        if len(given) > len(names):
            raise TypeError(f"{self.full_name} takes {len(names)} arguments, not {len(given)}")
        arguments = dict(zip(names, given, strict=False))
        for name, value in named.items():
            if name in arguments:
                raise TypeError(f"{self.full_name} was given {name!r} twice")
            arguments[name] = value
        return arguments

    def is_pending(self, value: object) -> bool:
        """Say whether the work that it started still goes on behind its answer (a door answers 202 then)."""
        return self.pending and isinstance(value, Record) and value.pending()

    def keeps(self, route: Route) -> bool:
        """Say whether clients may keep its answer on a route, and ask whether it still holds."""
        return self.kind == "read" and route.method == "GET" and not self.secret

    @cached_property
    def deprecated_parameters(self) -> tuple[Parameter, ...]:
        """Give the parameters that should be used no longer."""
        return tuple(each for each in self.parameters if each.deprecated is not None)

    @cached_property
    def upload(self) -> Parameter | None:
        """Give the parameter that is a file, if there is one."""
        return next((parameter for parameter in self.parameters if parameter.upload), None)

    @cached_property
    def own_key(self) -> str | None:
        """Give the name of the parameter that an idempotency key stands for in a stream, if there is one."""
        return next((each.name for each in self.parameters if self.stores and each.name == _KEY), None)

    @cached_property
    def late(self) -> str | None:
        """Give the name of the parameter by which a caller asks to be answered late, if there is one."""
        return next((each.name for each in self.parameters if each.name in _LATE), None)


class Interface(metaclass=ABCMeta):
    """The base of every interface: a class whose methods are operations.

    `grants` names the permissions that open no operation of their own, each with what it shows more.
    """

    service: ClassVar[str] = ""
    grants: ClassVar[Mapping[str, str]] = {}
    __operations__: ClassVar[tuple["Operation", ...]]

    def __init_subclass__(cls, grants: Mapping[str, str] | None = None, **kwargs: Any) -> None:
        """Name the service after its interface."""
        super().__init_subclass__(**kwargs)
        if grants is not None:
            cls.grants = grants
        if Interface in cls.__bases__:
            cls.service = re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()


def _notation(kind: Kind, status: int) -> Callable[..., Callable[[Function], Function]]:
    def decorator(
        route: str,
        *,
        may: str,
        also: tuple[str, ...] = (),
        fails: tuple[type[Failure], ...] = (),
        status: int = status,
        pending: bool = False,
        secret: bool = False,
        final: bool = False,
        stores: bool = False,
        batched: bool = False,
        deprecated: Deprecated | None = None,
        example: Mapping[str, Any] | None = None,
    ) -> Callable[[Function], Function]:
        routes = tuple(Route.parse(text) for text in (route, *also))
        marks = (pending, secret, final, stores, batched)
        notation = _Notation(kind, routes, may, fails, status, *marks, deprecated, example or {})

        def mark(function: Function) -> Function:
            function.__operation__ = notation  # type: ignore[attr-defined]  # the mark we read back below
            function.__isabstractmethod__ = True  # type: ignore[attr-defined]  # a service lacking it will not start
            return function

        return mark

    return decorator


reads = _notation("read", 200)
"""Marks an operation that changes nothing: GET or a POST with a large question, safe to repeat."""

writes = _notation("write", 200)
"""Marks an operation that changes something: one transaction, idempotency keys honoured."""

streams = _notation("stream", 200)
"""Marks an operation that answers piece by piece; it changes nothing, unless it says that it `stores`."""


def _parameter(parameter: inspect.Parameter, annotation: Any) -> Parameter:
    extras = get_args(annotation)[1:] if get_origin(annotation) is Annotated else ()
    return Parameter(
        name=parameter.name,
        annotation=annotation,
        default=parameter.default,
        in_query=any(isinstance(extra, InQuery) for extra in extras),
        upload=annotation is Upload,
        deprecated=next((extra for extra in extras if isinstance(extra, Deprecated)), None),
    )


def _model(name: str, parameters: tuple[Parameter, ...]) -> type[BaseModel]:
    fields: dict[str, Any] = {}
    for parameter in parameters:
        default = ... if parameter.required else parameter.default
        if isinstance(default, FieldInfo):
            fields[parameter.name] = (parameter.annotation, default)
        elif parameter.upload:
            fields[parameter.name] = (Any, Field(default))
        else:
            fields[parameter.name] = (parameter.annotation, default)
    config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)
    return create_model(name, __config__=config, **fields)


def _operation(interface: type[Interface], name: str, function: Callable[..., Any]) -> Operation:
    notation: _Notation = function.__operation__  # type: ignore[attr-defined]  # written by the decorators above
    where = f"{interface.__name__}.{name}"
    document = inspect.getdoc(function)
    if not document:
        raise TypeError(f"{where} has no docstring: it is the help at every door")
    if not notation.may:
        raise TypeError(f"{where} has no permission (may=…)")
    hints = get_type_hints(function, include_extras=True)
    signature = inspect.signature(function)
    parameters = tuple(
        _parameter(parameter, hints[parameter.name]) for parameter in list(signature.parameters.values())[1:]
    )
    route, *aliases = notation.routes
    names = {parameter.name for parameter in parameters}
    for each in notation.routes:
        if not each.names <= names:
            raise TypeError(f"{where}: {each.path} names a parameter that the signature has not")
    returns: Any = hints.get("return")
    if notation.kind == "stream":
        if get_origin(returns) is not AsyncIterator:
            raise TypeError(f"{where} streams, so it returns an AsyncIterator")
        returns = get_args(returns)[0]
    summary, _, rest = document.partition("\n")
    return Operation(
        interface=interface,
        name=name,
        kind=notation.kind,
        route=route,
        aliases=tuple(aliases),
        may=notation.may,
        fails=notation.fails,
        status=notation.status,
        pending=notation.pending,
        secret=notation.secret,
        final=notation.final,
        stores=notation.stores,
        batched=notation.batched,
        deprecated=notation.deprecated,
        example=notation.example,
        parameters=parameters,
        returns=returns,
        summary=summary.strip().rstrip("."),
        description=_described(rest.strip(), notation.deprecated),
        model=_model("".join(part.title() for part in name.split("_")) + "Request", parameters),
        adapter=TypeAdapter[Any](returns),
    )


def _described(text: str, deprecated: Deprecated | None) -> str:
    return text if deprecated is None else f"{deprecated.words}\n\n{text}".strip()


def operations_of(interface: type[Interface]) -> tuple[Operation, ...]:
    """Give an interface's operations in the order in which they are written, its own before parts of it."""
    if "__operations__" not in vars(interface):
        interface.__operations__ = tuple(
            _operation(interface, name, function)
            for kind in interface.__mro__
            for name, function in vars(kind).items()
            if hasattr(function, "__operation__")
        )
    return interface.__operations__
