"""Values for the operations on clients, what they are allowed, and their tokens."""

from transports.worlds import NOWHERE, Sample, Values, World, plain


def _gone_client(world: World, mark: str) -> Values:
    made = world.call("authorization.create_client", name=f"gone {mark}", scopes=["jobs:read"])
    return {"client_id": made["client_id"]}


def _client_of_its_own(world: World, mark: str) -> Values:
    made = world.call("authorization.create_client", name=f"own {mark}", scopes=["jobs:read"])
    return {name: made[name] for name in ("client_id", "client_secret")}


_BACK = "https://app.example.com/back"
_VERIFIER = "a-code-verifier-of-the-tests-that-is-long-enough"
_CHALLENGE = "hMhPZb4qGN7Yf0tL-c8-NeLaqN7EPBmpNgvqwycYRVk"


def _app(world: World, mark: str) -> Values:
    made = world.call(
        "authorization.create_client", name=f"app {mark}", redirect_uris=[_BACK], confidential=False
    )
    return {"client_id": made["client_id"], "redirect_uri": _BACK}


def _asked(world: World, mark: str) -> Values:
    return {**_app(world, mark), "code_challenge": _CHALLENGE, "code_challenge_method": "S256"}


def _coded(world: World, mark: str) -> Values:
    asked = {**_asked(world, mark), "scope": "openid jobs:read"}
    approved = world.call("authorization.approve_authorization", **asked)
    named = {name: asked[name] for name in ("client_id", "redirect_uri")}
    return {**named, "code": approved["authorization_code"], "code_verifier": _VERIFIER}


def _redeemed(world: World, mark: str) -> Values:
    told: Values = world.call("authorization.redeem_code", **_coded(world, mark))
    return told


def _approved(world: World, mark: str) -> Values:
    _redeemed(world, mark)
    newest = world.call("authorization.list_authorizations")[0]
    return {"authorization_id": newest["authorization_id"]}


CLIENTS: dict[str, Sample] = {
    "authorization.create_client": Sample(
        lambda _, mark: {"name": f"app {mark}", "redirect_uris": ["https://app.example.com/back"]},
        {"redirect_uris": ["https://app.example.com/a b"]},
    ),
    "authorization.list_clients": Sample(plain()),
    "authorization.get_client": Sample(
        lambda world, _: {"client_id": world.client_id}, {"client_id": "no id!"}, {"client_id": NOWHERE}
    ),
    "authorization.update_client": Sample(
        lambda world, mark: {**_gone_client(world, mark), "groups": ["board"]},
        {"groups": ["no group!"], "client_id": "a"},
        {"client_id": NOWHERE},
    ),
    "authorization.rotate_client": Sample(
        lambda world, mark: {**_gone_client(world, mark), "overlap_s": 60},
        {"overlap_s": -1, "client_id": "a"},
        {"client_id": NOWHERE},
    ),
    "authorization.delete_client": Sample(_gone_client, {"client_id": "no id!"}, {"client_id": NOWHERE}),
    "authorization.check_authorization": Sample(_app, {"scope": "jobs:read\n"}),
    "authorization.approve_authorization": Sample(_asked, {"code_challenge_method": "plain"}),
    "authorization.list_authorizations": Sample(plain()),
    "authorization.revoke_authorization": Sample(
        _approved, {"authorization_id": "no id!"}, {"authorization_id": NOWHERE}
    ),
    "authorization.redeem_code": Sample(_coded, {"code_verifier": "short"}),
    "authorization.refresh_token": Sample(
        lambda world, mark: {"refresh_token": _redeemed(world, mark)["refresh_token"]},
        {"refresh_token": ""},
    ),
    "authorization.end_session": Sample(
        lambda world, mark: {"id_token_hint": _redeemed(world, mark)["id_token"]},
        {"id_token_hint": "x" * 4097},
    ),
    "authorization.get_userinfo": Sample(plain()),
    "authorization.register_client": Sample(plain(redirect_uris=[_BACK]), {"client_name": ""}),
    "authorization.grant_token": Sample(
        lambda world, mark: {**_client_of_its_own(world, mark), "scope": "jobs:read"},
        {"scope": "jobs:read\n"},
    ),
    "authorization.revoke_token": Sample(
        lambda world, mark: {**_client_of_its_own(world, mark), "token": "eyJ.no.token"},
        {"token": "x" * 4097},
    ),
    "authorization.introspect_token": Sample(
        lambda world, mark: {**_client_of_its_own(world, mark), "token": "eyJ.no.token"},
        {"token": "x" * 4097},
    ),
    "authorization.inspect_token": Sample(plain(token="eyJ.no.token"), {"token": ""}),
    "authorization.get_keys": Sample(plain()),
    "authorization.list_signing_keys": Sample(plain()),
    "authorization.rotate_signing_keys": Sample(plain(at_once=True, discard=True)),
}
