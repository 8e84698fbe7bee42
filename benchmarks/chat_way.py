"""What the way through OpenAI's door to a generator costs, beside asking the generator's server itself.

    MAINSTAY_ENCODER=… python benchmarks/chat_way.py [--asked 100] [--repeats 5]

The server says forty words at once, so that all that takes time is the way. Both are asked one after another
on one kept connection each, in turns; on Mainstay's side the key is recognised, limits are counted,
the answer is checked and a trace is written.
"""

import contextlib
import http.client
import json
import sys
import tempfile
import time
from pathlib import Path

from figures import Figure, at_most, median, options, spread, tell
from serving import HOST, KEY, free_port, mainstay_command, running

_WORDS = 40
_UPSTREAM = f"""
import json
import sys

from aiohttp import web

EVENTS = [{{"choices": [{{"delta": {{"content": "word "}}, "finish_reason": None}}]}}] * {_WORDS}
EVENTS.append({{"choices": [{{"delta": {{}}, "finish_reason": "stop"}}]}})
EVENTS.append({{"choices": [], "usage": {{"prompt_tokens": 9, "completion_tokens": {_WORDS}}}}})
BODY = "".join(f"data: {{json.dumps(event)}}\\n\\n" for event in EVENTS) + "data: [DONE]\\n\\n"


async def answer(request):
    await request.read()
    return web.Response(text=BODY, content_type="text/event-stream")


async def ready(request):
    return web.json_response({{}})


app = web.Application()
app.router.add_post("/v1/chat/completions", answer)
app.router.add_get("/ready", ready)
web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None)
"""


def _asked(port: int, count: int, *, stream: bool) -> float:
    """Ask some times; give the median time of one whole answer in milliseconds."""
    body = {"model": "bench", "stream": stream, "messages": [{"role": "user", "content": "Say forty words."}]}
    sent = json.dumps(body)
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
    connection = http.client.HTTPConnection(HOST, port, timeout=30)
    times = []
    for _ in range(count):
        began = time.perf_counter()
        connection.request("POST", "/v1/chat/completions", sent, headers)
        response = connection.getresponse()
        told = response.read()
        times.append(1000 * (time.perf_counter() - began))
        assert response.status == http.client.OK, told
        assert told.count(b"word ") == _WORDS or not stream
    connection.close()
    return median(times)


def measure(folder: Path, count: int, repeats: int) -> list[Figure]:
    """Serve both, and ask in turns; the first turn warms."""
    server, house = free_port(), free_port()
    generators = {"bench": {"url": f"http://{HOST}:{server}/v1", "model": "bench-1"}}
    environment = {
        "MAINSTAY_ADMIN_KEY": KEY,
        "MAINSTAY_GENERATORS": json.dumps(generators),
        "MAINSTAY_RATE_LIMIT_PER_MINUTE": "1000000",
    }
    added: dict[str, list[float]] = {"whole": [], "streamed": []}
    direct: list[float] = []
    with contextlib.ExitStack() as stack:
        upstream = [sys.executable, "-c", _UPSTREAM, str(server)]
        stack.enter_context(running(upstream, server, "/ready", {}, folder / "upstream.log"))
        command = mainstay_command(folder / "data", house)
        stack.enter_context(running(command, house, "/readyz", environment, folder / "house.log"))
        for turn in range(repeats + 1):
            alone = _asked(server, count, stream=True)
            ways = {name: _asked(house, count, stream=name == "streamed") for name in added}
            if turn:
                direct.append(alone)
                for name, took in ways.items():
                    added[name].append(took - alone)
    return [
        Figure("the generator's server itself", f"{median(direct):.2f} ms{spread(direct)}"),
        at_most("added to a whole answer", median(added["whole"]), 10, "ms", spread(added["whole"])),
        at_most("added to a streamed answer", median(added["streamed"]), 10, "ms", spread(added["streamed"])),
    ]


def main() -> None:
    """Measure, and tell."""
    parser = options(__doc__ or "")
    parser.add_argument("--asked", type=int, default=100, help="answers in a turn")
    parser.add_argument("--repeats", type=int, default=5, help="turns after the first")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        tell(measure(Path(folder), asked.asked, asked.repeats), asked.json)


if __name__ == "__main__":
    main()
