"""What recognising a caller costs: a read by an API key and by access tokens, against the same read inside.

    python benchmarks/guard.py [--each 2000] [--repeats 5] [--cache redis://…]

CPU of the whole process for `GET /v1/collections` on the road, without a socket; SQLite, limits in memory
or where `--cache` says (what Redis itself takes is another process's, and not in the figure).
"Inside" is a call of one service by another, which has its caller already. Keys and tokens are recognised,
limited, permitted and audited as at a door; a signature is checked once, whether its token works every time.
"""

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import uvloop
from figures import Figure, median, options, spread, tell

from mainstay.app.foundations import picked
from mainstay.app.house import House
from mainstay.app.settings import Settings
from mainstay.kernel.caller import Caller, Credential
from mainstay.kernel.dispatch import Message
from mainstay.kit.clock import SystemClock
from mainstay.kit.random import SystemRandom

GOALS = {"API key": 0.5, "token of a client": 0.7, "token in a key's name": 0.7}
NOBODYS_ENCODER = "http://127.0.0.1:9"
_BACK = "http://127.0.0.1/back"
_VERIFIER = "a-code-verifier-that-is-long-enough-for-the-standard"
_CHALLENGE = "pOMnNdMe1TWRnBLERXsasOFq0DEml4OktbU3kevt8dM"


async def ask(house: House, operation_name: str, credential: Credential | Caller, /, **values: Any) -> Any:
    """Walk the road."""

    async def read() -> dict[str, Any]:
        return values

    operation = next(each for each in house.application.operations if each.full_name == operation_name)
    message = Message(credential, read, "req_bench", "bench", address="127.0.0.1")
    return (await house.application.dispatch(operation, message)).value


async def callers(house: House) -> dict[str, Credential | Caller]:
    """Give the same administrator in each way of coming."""
    key = Credential(house.local_key, "bench")
    account = await ask(house, "authorization.create_client", key, name="bench", role="admin")
    proof = {"client_id": account.client_id, "client_secret": account.client_secret}
    own = await ask(house, "authorization.grant_token", key, **proof)
    app = await ask(
        house,
        "authorization.create_client",
        key,
        name="app",
        redirect_uris=[_BACK],
        confidential=False,
    )
    asked = {"client_id": app.client_id, "redirect_uri": _BACK}
    approval = await ask(
        house,
        "authorization.approve_authorization",
        key,
        **asked,
        code_challenge=_CHALLENGE,
        code_challenge_method="S256",
        scope="*",
    )
    code = approval.authorization_code
    given = await ask(house, "authorization.redeem_code", key, **asked, code=code, code_verifier=_VERIFIER)
    return {
        "inside": await house.recognisers.recognise(key),
        "API key": key,
        "token of a client": Credential(own.access_token, "bench"),
        "token in a key's name": Credential(given.access_token, "bench"),
    }


async def measure(data: Path, cache: str, each: int, repeats: int) -> list[Figure]:
    """Ask in every way, by turns."""
    settings = Settings(data=data, cache=cache, encoder=NOBODYS_ENCODER, rate_limit_per_minute=1_000_000)
    costs: dict[str, list[float]] = {}
    async with House(settings, picked(settings, SystemClock(), SystemRandom())) as house:
        ways = await callers(house)
        for turn in range(repeats + 1):
            for name, credential in ways.items():
                began = time.process_time()
                for _ in range(each):
                    await ask(house, "knowledge.list_collections", credential)
                if turn:  # the first one warms
                    costs.setdefault(name, []).append((time.process_time() - began) / each * 1e3)
    inside = median(costs["inside"])
    return [_figure(name, found, inside) for name, found in costs.items()]


def _figure(name: str, found: Sequence[float], inside: float) -> Figure:
    """Give the cost of a way; what is wanted of keys and tokens is told as what they add."""
    if name not in GOALS:
        return Figure(name, f"{median(found):.3f} ms{spread(found)}")
    added = median(found) - inside
    value = f"{added:+.3f} ms over inside{spread(found)}"
    return Figure(name, value, f"≤ {GOALS[name]:g} ms", added <= GOALS[name])


def main() -> None:
    """Measure in a folder that is removed again."""
    parser = options(__doc__)
    parser.add_argument("--each", type=int, default=2000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--cache", default="memory")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        tell(uvloop.run(measure(Path(folder), given.cache, given.each, given.repeats)), given.json)


if __name__ == "__main__":
    main()
