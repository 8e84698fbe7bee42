"""The fourth shape of incident, an open side route: each route is known, and answers only what it is for."""

import re
from collections.abc import Iterator

import pytest

from makers import ADMIN_KEY
from transports.homes import BASES, Home, home_in
from transports.permitted import STRANGERS
from transports.real_house import bearer
from transports.samples import OPERATIONS


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    with home_in(tmp_path_factory.mktemp("families") / "data") as made:
        yield made


PUBLIC = {
    "/account": "leads on to one's sessions",
    "/account/{path:path}": "says that there is no such page",
    "/account/passkeys.js": "the one script of the account pages, the same for everybody",
    **{f"/desk/{name}.js": "a script of the desk, the same" for name in ("socket", "view", "desk")},
    "/widget.js": "the one script of widgets, the same for every page",
    "/": "names the version and these pages",
    "/healthz": "says that the process lives, and nothing else",
    "/readyz": "names each part and its state for whoever sends traffic here",
    "/openapi.json": "the document of the interfaces; it is the same for every installation",
    "/docs": "the same document for people",
    "/problems/{name}": "what each problem means",
}
FOR_CLIENTS = {
    "/.well-known/oauth-authorization-server": "describes how tokens are asked for",
    "/.well-known/openid-configuration": "the same",
    "/.well-known/jwks.json": "public keys",
    "/.well-known/oauth-protected-resource": "says where tokens are made",
    "/.well-known/oauth-protected-resource/mcp": "the same",
    "/.well-known/oauth-protected-resource/v1": "the same",
}
PROVEN = {
    f"{base}/auth/{name}": "a client says who it is in its form"
    for base in BASES
    for name in ("token", "refresh", "revoke", "introspect", "register")
}
BROWSED = {
    f"{base}/auth/{name}": "a browser is shown a page, or sent back to a client that is known"
    for base in BASES
    for name in ("authorize", "logout")
}
ADMITTED = {
    "/mcp": "its caller is recognised before anything is read",
    "/scim/v2": "the same",
    "/scim/v2/{path:path}": "the same",
    "/v2/rerank": "the same",
} | {
    f"{base}/{path}": "the same"
    for base in BASES
    for path in (
        *("models", "models/{model}", "models/{owner}/{model}", "chat/completions", "responses"),
        *("responses/compact", "responses/{response_id}", "responses/{response_id}/input_items"),
        *("embeddings", "moderations", "rerank", "files", "files/{file_id}", "files/{file_id}/content"),
        *("uploads", *(f"uploads/{{upload_id}}/{step}" for step in ("parts", "complete", "cancel"))),
        *("vector_stores", "vector_stores/{store_id}", "vector_stores/{store_id}/search"),
        *(f"vector_stores/{{store_id}}/files{rest}" for rest in ("", "/{file_id}", "/{file_id}/content")),
        *(
            f"vector_stores/{{store_id}}/file_batches{rest}"
            for rest in ("", "/{batch_id}", "/{batch_id}/cancel", "/{batch_id}/files")
        ),
    )
}
PAGES = {
    "/account/sign-in": "takes an address and a password",
    "/account/accept": "takes the code of an invitation",
    "/account/forgotten": "takes an address",
    "/account/reset": "takes the code of a reset",
    "/account/confirm": "takes the code of a new address",
    "/account/sessions": "sends strangers to sign in",
    "/account/password": "sends strangers to sign in",
    "/account/sign-in/code": "takes the code of a sign-in that waits",
    "/account/second-factor": "sends strangers to sign in",
    "/account/second-factor/confirm": "sends strangers to sign in",
    "/account/second-factor/remove": "sends strangers to sign in",
    "/account/second-factor/recovery-codes": "sends strangers to sign in",
    "/account/apps": "sends strangers to sign in",
    "/account/passkeys": "sends strangers to sign in",
    "/account/passkeys/add": "sends strangers to sign in",
    "/account/passkeys/rename": "sends strangers to sign in",
    "/account/passkeys/remove": "sends strangers to sign in",
    "/account/sign-in/passkey": "takes a passkey",
    "/account/sign-out": "ends the session of the cookie",
}
"""For browsers, and alone in reading cookies; what they send is refused without the token of a form."""
LOOKED_AT = {"/desk": "sends strangers to sign in, and whoever may not answer away"}
SPOKEN = {
    f"{base}/socket": "says that it speaks WebSocket; who connects is recognised first" for base in BASES
}
SIGN_ON = {
    "/account/single-sign-on": "takes an address, of which the domain is looked at",
    "/sso/{connection_id}/start": "sends a browser to an identity provider",
    "/sso/{connection_id}/callback": "takes a provider's code, in the browser that began",
    "/sso/{connection_id}/acs": "takes what a provider has signed, in the browser that began",
    "/sso/{connection_id}/metadata": "says what an identity provider has to know of this server",
}


def test_every_route_is_known_and_guarded(home: Home) -> None:
    found = {
        (route.path, method)
        for route in home.running.app.router.routes
        for method in getattr(route, "methods", None) or {"*"}
    }
    operations = {
        (base + route.path, method)
        for base in BASES
        for operation in OPERATIONS.values()
        for route in operation.routes
        for method in (route.method, "OPTIONS", *(["HEAD"] if route.method == "GET" else []))
    }
    assert operations <= found
    rest = {path for path, method in found - operations}
    known = {*PUBLIC, *FOR_CLIENTS, *PROVEN, *BROWSED, *PAGES, *LOOKED_AT, *SPOKEN, *SIGN_ON, *ADMITTED}
    assert rest == known
    for path in LOOKED_AT:
        answer = home.running.ask("GET", path)
        assert (answer.status, answer.headers["location"]) == (303, f"/account/sign-in?next={path}")
        assert home.running.ask("POST", path).status == 405
    for path in SPOKEN:
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            answer = home.running.ask(method, path, [bearer(ADMIN_KEY)])
            assert (answer.status, answer.headers["upgrade"]) == (426, "websocket")
    for path in PUBLIC:
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            assert home.running.ask(method, path.replace("{name}", "route-missing")).status == 405
    for path in PAGES:
        form = [("Content-Type", "application/x-www-form-urlencoded"), bearer(ADMIN_KEY)]
        assert home.running.ask("POST", path, form, b"email=a%40b.c&password=x").status == 403
    for path, method in sorted(found - operations):
        if path in ADMITTED:
            assert home.running.ask(method if method != "*" else "POST", path).status == 401
    open_to_all = {
        (base + OPERATIONS[name].route.path, method)
        for base in BASES
        for name in STRANGERS
        for method in {OPERATIONS[name].route.method, OPERATIONS[name].route.method.replace("GET", "HEAD")}
    }
    for path, method in sorted(operations):
        answer = home.running.ask(method, re.sub(r"{\w+}", "some_id", path))
        expected = {200, 404, 422} if (path, method) in open_to_all else {401}  # no credentials, no body
        assert answer.status in ({204} if method == "OPTIONS" else expected), (method, path)


def test_what_needs_no_key_answers_only_what_it_is_for(home: Home) -> None:
    for path in FOR_CLIENTS:
        assert home.running.ask("GET", path).status == 200
        assert home.running.ask("POST", path).status == 405
    for path in PROVEN:
        assert home.running.ask("GET", path).status == 405
        assert home.running.ask("POST", path, [("Content-Type", "text/plain")], b"x").status == 415
    for path in BROWSED:
        assert home.running.ask("GET", path).status == 400
        assert home.running.ask("POST", path, [("Content-Type", "text/plain")], b"x").status == 415


@pytest.mark.parametrize("path", SIGN_ON)
def test_the_pages_of_single_sign_on_know_nobody(home: Home, path: str) -> None:
    method = "POST" if path.endswith("/acs") else "GET"
    answer = home.running.ask(method, path.replace("{connection_id}", "some_id"), [bearer(ADMIN_KEY)])
    assert answer.status in ({200} if path.startswith("/account/") else {404, 415, 422})


def test_there_is_nothing_beside_the_routes(home: Home) -> None:
    for path in (
        "/metrics",
        "/admin",
        "/debug",
        "/v1",
        "/v1/",
        "/v2/me",
        "/api/me",
        "/.env",
        "/.git/config",
        "/docs/",
        "/static/",
        "/v1/../me",
    ):
        assert home.running.ask("GET", path, [bearer(ADMIN_KEY)]).status == 404, path
