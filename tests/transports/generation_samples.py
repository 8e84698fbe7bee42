"""Values for the operations on generated answers."""

from transports.worlds import NOWHERE, Sample, Values, World, plain

_ASK = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "Wann legt die Fähre ab? 🛳️"},
    {"role": "assistant", "calls": [{"call_id": "c1", "name": "timetable", "arguments": "{}"}]},
    {"role": "tool", "call_id": "c1", "content": "At nine."},
]
_ALL: Values = {
    "messages": _ASK,
    "generator": "echo",
    "documents": [{"text": "The ferry leaves at nine.", "title": "Ferry"}],
    "tools": [{"name": "timetable", "description": "When?", "parameters": {"type": "object"}}],
    "tool_choice": "auto",
    "parallel_calls": False,
    "temperature": 0.5,
    "top_p": 0.9,
    "tokens_max": 100,
    "stop": ["END"],
    "seed": 7,
    "hide_personal_data": True,
    "cache": {"mode": "off", "seconds": 60, "similarity": 0.9},
    "prompt": {"prompt": "greeting", "version": 3},
}
_WRONG = {"messages": [], "temperature": 3}
_ITEMS: Values = {
    "input_items": [{"type": "message", "content": "Hi ü"}],
    "output_items": [{"type": "message"}],
}


def _trace(world: World, _mark: str) -> Values:
    """Give an answer's trace, once: what is read must stay the same at every door."""
    if "trace" not in world.secrets:
        made = world.call("generation.complete", messages=[{"role": "user", "content": "Hi"}])
        world.secrets["trace"] = made["trace_id"]
        house = world.running.house
        [service] = [each for each in house._caretakers if hasattr(each, "_answering")]
        world.running.do(house._go_round(service))
    return {"trace_id": world.secrets["trace"]}


def _kept(world: World, _mark: str) -> Values:
    if "response" not in world.secrets:
        world.secrets["response"] = world.call("generation.keep_response", **_ITEMS)["response_id"]
    return {"response_id": world.secrets["response"]}


def _gone(world: World, _mark: str) -> Values:
    return {"response_id": world.call("generation.keep_response", **_ITEMS)["response_id"]}


GENERATION: dict[str, Sample] = {
    "generation.complete": Sample(plain(**_ALL), _WRONG, {"generator": NOWHERE}),
    "generation.stream_complete": Sample(plain(**_ALL), _WRONG, {"generator": NOWHERE}),
    "generation.list_generators": Sample(plain()),
    "generation.list_traces": Sample(plain(subject=NOWHERE, limit=2), {"limit": 201}),
    "generation.get_trace": Sample(_trace, {"trace_id": "no id!"}, {"trace_id": NOWHERE}),
    "generation.judge_trace": Sample(
        lambda world, mark: {**_trace(world, mark), "value": 0.5},
        {"trace_id": "no id!"},
        {"trace_id": NOWHERE},
    ),
    "generation.get_caching": Sample(plain()),
    "generation.set_caching": Sample(plain(exact=True, semantic=True)),
    "generation.keep_response": Sample(
        plain(**_ITEMS, facts={"model": "echo"}), {"previous_id": "no id!"}, {"previous_id": NOWHERE}
    ),
    "generation.get_response": Sample(_kept, {"response_id": "no id!"}, {"response_id": NOWHERE}),
    "generation.delete_response": Sample(_gone, {"response_id": "no id!"}, {"response_id": NOWHERE}),
}
