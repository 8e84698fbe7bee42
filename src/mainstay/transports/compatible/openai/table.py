"""What a noun of the protocol is served by: methods and paths, who may, and what answers."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from mainstay.transports.compatible.openai.asking import Asked
from mainstay.transports.compatible.openai.replies import Reply

BASES = ("/v1", "/api/v1")

Handler = Callable[[Asked], Awaitable[Reply]]


@dataclass(frozen=True)
class Endpoint:
    """A method on a path below the base; `{name}` marks a text of the path.

    `operation` is the full name of the one that a caller has to be allowed before anything of the request is
    read; where it is not served here, neither is the endpoint. `waits` marks what takes its time by what it
    is, such as an upload or a model's answer; `batched` what is computed together with others of its kind.
    """

    method: str
    path: str
    operation: str
    handler: Handler
    waits: bool = False
    batched: bool = False
    bases: Sequence[str] = BASES
