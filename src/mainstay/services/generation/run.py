"""One answer on its way: who asked, when, which generators were tried, what it took."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mainstay.kernel.caller import Caller
from mainstay.kit.spending import Spending
from mainstay.ports.chat import ChatModel
from mainstay.services.generation.records import Completion, PromptUsed, TokensUsed
from mainstay.services.generation.said import Said
from mainstay.services.generation.wanted import Wanted

_MILLION = 1_000_000


@dataclass
class Run:
    """What is known of it so far."""

    trace_id: str
    wanted: Wanted
    chain: Sequence[ChatModel]
    caller: Caller
    request_id: str
    spending: Spending
    at_ms: int
    started_s: float
    first_s: float | None = None
    model: ChatModel | None = None
    said: Said | None = None
    tries: list[dict[str, Any]] = field(default_factory=list)
    tokens_in: int = 0
    tokens_out: int = 0
    estimated: bool = False
    cost: float = 0.0
    cached: Completion | None = None
    prompt: PromptUsed | None = None
    outcome: str = "ok"

    def begin(self, model: ChatModel, veiled: Mapping[str, str]) -> Said:
        """Ask a generator; `veiled` has what marks in its answer stand for."""
        self.model = model
        self.said = Said(self.wanted, f"call_{self.trace_id.partition('_')[2]}", veiled)
        return self.said

    def end(self, outcome: str) -> None:
        """Count what a generator has said, whether or not it came to an end: it was paid for."""
        if self.model is None or self.said is None:
            return
        self.tries.append({"generator": self.model.name, "outcome": outcome})
        if outcome != "ok" and not self.said.begun:
            return
        tokens_in, tokens_out, estimated = self.said.tokens()
        self.estimated = self.estimated or estimated
        self.spending.tokens += tokens_in + tokens_out
        self.tokens_in += tokens_in
        self.tokens_out += tokens_out
        cost = cost_of(self.model, tokens_in, tokens_out)
        self.spending.cost_micros += round(cost * _MILLION)
        self.cost += cost

    def completion(self, created_ms: int) -> Completion:
        """Give the whole answer, which has ended, with what all tries took."""
        if self.model is None or self.said is None:
            raise RuntimeError("Nobody was asked yet")
        return Completion(
            trace_id=self.trace_id,
            generator=self.model.name,
            text=self.said.text,
            calls=self.said.calls,
            reason=self.said.reason,
            usage=TokensUsed(
                input=self.tokens_in, output=self.tokens_out, estimated=self.estimated, cost=self.cost
            ),
            cached=False,
            created_ms=created_ms,
        )


def cost_of(model: ChatModel, tokens_in: int, tokens_out: int) -> float:
    """Give what tokens cost, in the currency of the prices."""
    return (tokens_in * model.input_price + tokens_out * model.output_price) / _MILLION
