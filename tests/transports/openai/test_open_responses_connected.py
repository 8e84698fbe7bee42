"""Responses over a WebSocket: the cases of the Open Responses suite by name, and what holds beside them."""

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from mainstay.transports.compatible.openai import response_socket
from transports.openai.open_responses_client import ENDS, Asking, in_order, text_of
from transports.openai.open_responses_schema import Compacted, Response, SocketError
from transports.openai.serving import Served, serving

NOT_FOUND = "previous_response_not_found"


class Connected:
    """A connection, on which a response is asked for and read to its end."""

    def __init__(self, socket: ClientConnection, model: str) -> None:
        self.socket = socket
        self.model = model

    def ask(self, **body: Any) -> Response | SocketError:
        """Ask; give the response, whose events are checked, or what went wrong."""
        self.socket.send(json.dumps({"type": "response.create", "model": self.model, **body}))
        return self.told()

    def told(self) -> Response | SocketError:
        sent: list[Any] = []
        while not sent or sent[-1]["type"] not in ENDS:
            sent.append(json.loads(self.socket.recv(20)))
            if sent[-1]["type"] == "error":
                assert len(sent) == 1
                return SocketError.model_validate(sent[0])
        response: Response = in_order(sent)[-1].response
        return response

    def whole(self, **body: Any) -> Response:
        response = self.ask(**body)
        assert isinstance(response, Response), response
        assert (response.status, bool(response.output)) == ("completed", True)
        return response

    def refused(self, **body: Any) -> str:
        error = self.ask(**body)
        assert isinstance(error, SocketError), error
        assert 400 <= error.status < 500
        return error.error.code


@contextmanager
def connected(
    there: Served, key: str = "admin", model: str = "chat", base: str = "/v1"
) -> Iterator[Connected]:
    """Connect with a key."""
    url = f"{there.url.replace('http', 'ws', 1)}{base}/responses"
    headers = {"Authorization": f"Bearer {there.keys.get(key, key)}", "Content-Type": "application/json"}
    with connect(url, additional_headers=headers, close_timeout=1) as socket:
        yield Connected(socket, model)


def websocket_response(there: Served) -> None:
    with connected(there) as it:
        it.whole(input=[{"type": "message", "role": "user", "content": "Count from 1 to 3."}])


def websocket_sequential_responses(there: Served) -> None:
    with connected(there) as it:
        first = it.whole(store=False, input="Reply with exactly: first")
        second = it.whole(store=False, input="Reply with exactly: second")
        assert text_of(first).endswith("first")
        assert text_of(second).endswith("second")


def websocket_continuation(there: Served) -> None:
    with connected(there) as it:
        first = it.whole(store=False, input="Remember the code word: cobalt. Reply with OK.")
        asked = "What is the code word? Reply with only the code word."
        second = it.whole(store=False, previous_response_id=first.id, input=asked)
        assert second.previous_response_id == first.id
        assert "cobalt" in str(there.upstream.asked[-1]["messages"])


def websocket_reconnect_store_false_recovery(there: Served) -> None:
    with connected(there) as it:
        first = it.whole(store=False, input="Remember the code word: copper. Reply with OK.")
    with connected(there) as it:
        gone_on = {"store": False, "previous_response_id": first.id}
        assert it.refused(**gone_on, input="Try to continue after reconnect.") == NOT_FOUND
        it.whole(store=False, input=[{"type": "message", "role": "user", "content": "Start anew."}])


def websocket_previous_response_not_found(there: Served) -> None:
    missing = f"resp_openresponses_missing_{int(time.time() * 1000)}"
    with connected(there) as it:
        assert it.refused(store=False, previous_response_id=missing, input="This should fail.") == NOT_FOUND


def websocket_failed_continuation_evicts_cache(there: Served) -> None:
    with connected(there) as it:
        first = it.whole(store=False, input="Remember the code word: ember. Reply with OK.")
        gone_on: Any = {"store": False, "previous_response_id": first.id}
        result = {
            "type": "function_call_output",
            "call_id": "call_openresponses_missing",
            "output": "No matching tool call exists in the previous response.",
        }
        it.refused(**gone_on, input=[result])
        assert it.refused(**gone_on, input="Try to continue after the failed turn.") == NOT_FOUND


def websocket_compact_new_chain(there: Served) -> None:
    said = [
        ("user", "input_text", "Remember the compaction code word: slate."),
        ("assistant", "output_text", "OK."),
    ]
    items = [
        {"type": "message", "role": role, "content": [{"type": kind, "text": text}]}
        for role, kind, text in said
    ]
    there.upstream.says("The code word is slate.")
    made = Compacted.model_validate(
        Asking(there, "chat").post("/responses/compact", {"model": "chat", "input": items}).json()
    )
    output = [item.model_dump(exclude_unset=True) for item in made.output]
    user = {"type": "message", "role": "user", "content": "Continue from here. Reply with exactly: compacted"}
    with connected(there) as it:
        it.whole(store=False, input=[*output, user], tools=[])
    assert "slate" in str(there.upstream.asked[-1]["messages"])


CASES: list[Callable[[Served], None]] = [
    websocket_response,
    websocket_sequential_responses,
    websocket_continuation,
    websocket_reconnect_store_false_recovery,
    websocket_previous_response_not_found,
    websocket_failed_continuation_evicts_cache,
    websocket_compact_new_chain,
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__.replace("_", "-"))
def test_cases_of_the_suite(there: Served, case: Callable[[Served], None]) -> None:
    case(there)


def test_collections_and_bots_answer_too(there: Served) -> None:
    hours = {"name": "hours", "examples": ["when are you open", "opening hours"], "replies": ["At nine."]}
    bot = str(there.call("assistant.create_bot", name="Connected", intents=[hours]).bot_id)
    with connected(there, model="mainstay/harbour", base="/api/v1") as it:
        it.whole(input="When does the ferry leave?")
    with connected(there, model=bot) as it:
        first = it.whole(store=False, input="Opening hours?")
        it.whole(store=False, previous_response_id=first.id, input="And when are you open?")


def test_what_is_kept_is_there_by_every_way(there: Served) -> None:
    with connected(there) as it:
        first = it.whole(input="Remember: granite.")
        unkept = it.whole(store=False, previous_response_id=first.id, input="And?")
        kept = it.whole(previous_response_id=unkept.id, input="And then?")
    assert (
        Asking(there, "chat").whole(previous_response_id=kept.id, input="Well?").previous_response_id
        == kept.id
    )
    assert "granite" in str(there.upstream.asked[-1]["messages"])


def test_what_is_no_request_is_told_and_the_connection_goes_on(there: Served) -> None:
    with connected(there) as it:
        for text in ("{", "[]", '{"type": "response.cancel"}', "{}"):
            it.socket.send(text)
            error = it.told()
            assert isinstance(error, SocketError)
            assert error.status == 400
        for name, value in {"stream": True, "stream_options": {}, "background": False}.items():
            assert it.refused(input="Hi", **{name: value}) == "unsupported_parameter"
        assert it.refused(input="Hi", model="nothing") == "model_not_found"
        it.whole(input="Hi")


def test_a_response_that_breaks_off_is_failed_and_forgotten(there: Served) -> None:
    with connected(there) as it:
        first = it.whole(store=False, input="Hi")
        there.upstream.says("Half a", "text", breaks_after=2)
        gone_on: Any = {"store": False, "previous_response_id": first.id, "input": "And?"}
        failed = it.ask(**gone_on)
        assert isinstance(failed, Response)
        assert (failed.status, text_of(failed)) == ("failed", "Half a")
        assert it.refused(**gone_on) == NOT_FOUND
        it.whole(input="Hi")


def test_who_may_not_is_not_let_in(there: Served) -> None:
    for key in ("mk_nobody", ""):
        with pytest.raises(InvalidStatus) as refused, connected(there, key):
            pass
        assert refused.value.response.status_code == 401
    with connected(there, "operations") as it:
        assert it.refused(input="Hi") == "permission_missing"


def test_it_ends_with_its_key(there: Served) -> None:
    made = there.call("identity.create_key", name="short", role="user")
    with connected(there, made.key) as it:
        it.whole(input="Hi")
        there.call("identity.revoke_key", key_id=made.key_id)
        with pytest.raises(ConnectionClosed) as closed:
            it.socket.recv(10)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 3000


def test_it_lasts_an_hour(there: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(response_socket, "WHOLE_S", 0.2)
    with connected(there) as it:
        error = it.told()
        assert isinstance(error, SocketError)
        assert error.error.code == "websocket_connection_limit_reached"
        with pytest.raises(ConnectionClosed):
            it.socket.recv(10)


@pytest.mark.parametrize("more", [0, 3])
def test_whoever_leaves_wants_no_response(there: Served, more: int) -> None:
    async def turns() -> list[str]:
        return [each.get_name() for each in asyncio.all_tasks() if each.get_name() == "response-socket-turn"]

    def soon(progress: bool) -> None:
        ends_s = time.monotonic() + 10
        while bool(asyncio.run_coroutine_threadsafe(turns(), there.loop).result(10)) is not progress:
            assert time.monotonic() < ends_s
            time.sleep(0.01)  # the house runs in another thread, and tells nobody when a turn begins or ends

    there.upstream.says("Slow", "ly", stalls_after=0)
    with connected(there, model="slow") as it:
        for _ in range(1 + more):
            it.socket.send(json.dumps({"type": "response.create", "model": "slow", "input": "Hi"}))
        soon(progress=True)
    soon(progress=False)


def test_the_server_says_that_it_leaves(tmp_path: Path) -> None:
    with ExitStack() as house:
        there = house.enter_context(serving(tmp_path))
        with connected(there) as it:
            it.whole(input="Hi")
            house.close()
            with pytest.raises(ConnectionClosed) as closed:
                it.socket.recv(10)
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1012
