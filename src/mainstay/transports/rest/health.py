"""Is it alive, and is it ready: for whoever starts, watches and balances the house."""

from collections.abc import Awaitable, Callable, Mapping

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

Ready = Callable[[], Awaitable[Mapping[str, str]]]
"""Names each part of the house with its state.

`ok` is well, `degraded: …` can serve for a while, anything else says what is wrong.
"""

OK = "ok"
DEGRADED = "degraded: "
"""How the state of a part begins without which the house can serve for a while."""

_UNREADY_STATUS = 503


def health_routes(ready: Ready) -> list[Route]:
    """Give `/healthz` and `/readyz`; neither asks for credentials."""

    async def healthz(_: Request) -> Response:
        return JSONResponse({"status": "alive"})

    async def readyz(_: Request) -> Response:
        parts = dict(await ready())
        fine = all(state == OK or state.startswith(DEGRADED) for state in parts.values())
        told = {"status": "ready" if fine else "not ready", "parts": parts}
        return JSONResponse(told, status_code=200 if fine else _UNREADY_STATUS)

    return [
        Route("/healthz", healthz, methods=["GET"]),
        Route("/readyz", readyz, methods=["GET"]),
    ]
