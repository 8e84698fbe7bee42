"""Values for the operations on people: members, sessions, codes in mails, second factors."""

import base64
import re
import secrets
from urllib.parse import urlsplit

from engines.authenticators import Authenticator
from mainstay.services.people import totp
from mainstay.services.people.factor_failures import SecondFactorNeeded
from transports.worlds import (
    NOWHERE,
    NUMBERS,
    PHRASE,
    Sample,
    Values,
    World,
    members,
    plain,
)


def _user(world: World, mark: str, what: str) -> Values:
    email = f"{re.sub('[^a-z0-9]', '-', mark)}.{what}@example.com"
    found = world.call("people.list_users", q=email)  # users stay: one that was there before does as well
    return {"user_id": (found or [world.call("people.create_user", email=email, name=f"u {mark}")])[0]["id"]}


def _gone_user(world: World, mark: str) -> Values:
    return _user(world, mark, "gone")


def _waiting_user(world: World, mark: str) -> Values:
    return _user(world, mark, "waiting")


def _credentials(world: World, _mark: str) -> Values:
    email = f"{next(NUMBERS)}.signs@example.com"
    world.joined(email)
    return {"email": email, "password": PHRASE}


def _invitation(world: World, _mark: str) -> Values:
    email = f"{next(NUMBERS)}.invited@example.com"
    world.call("people.create_user", email=email, name="Invited")
    return {"code": world.mailed(email), "password": PHRASE}


def _nobody_signed_in(world: World, _mark: str) -> Values:
    """End all sessions, so that each door has as many left to end."""
    world.call("people.end_tenant_sessions")
    return {}


def _second_session(world: World, mark: str) -> Values:
    """Sign somebody in twice; the first session ends the second."""
    credentials = _credentials(world, mark)
    second = world.call("people.sign_in", **credentials)
    world.secrets[second["session_id"]] = world.call("people.sign_in", **credentials)["secret"]
    return {"session_id": second["session_id"]}


def _reset(world: World, _mark: str) -> Values:
    email = _credentials(world, "")["email"]
    world.call("people.request_password_reset", email=email)
    return {"code": world.mailed(email), "password": PHRASE}


def _new_address(world: World, _mark: str) -> Values:
    email = f"{next(NUMBERS)}.moves@example.com"
    world.running.call("people.change_email", as_key=world.joined()["secret"], email=email, password=PHRASE)
    return {"code": world.mailed(email)}


def _begun_app(world: World, email: str = "") -> Values:
    """Begin to set up an app for somebody who has just joined; give its code, and remember whose it is."""
    secret: str = world.joined(email)["secret"]
    begun = world.running.call("people.begin_app", as_key=secret, password=PHRASE)
    step = world.running.house.clock.now_ms() // 30_000
    code = totp.code_at(base64.b32decode(begun["secret"]), step)
    world.secrets[code] = secret
    return {"code": code}


def _recovery_code(world: World, email: str = "") -> Values:
    """Set up an app for somebody who has just joined; give a recovery code, and remember whose it is."""
    begun = _begun_app(world, email)
    secret = world.secrets[begun["code"]]
    made = world.running.call("people.confirm_app", as_key=secret, **begun)
    code: str = made["recovery_codes"][0]
    world.secrets[code] = secret
    return {"code": code}


def _owners(world: World, values: Values) -> str:
    """Give the secret of the session of whose app a code is."""
    return world.secrets.get(str(values.get("code", ""))) or world.joined()["secret"]


def _pending_sign_in(world: World, _mark: str) -> Values:
    email = f"{next(NUMBERS)}.pending@example.com"
    code = _recovery_code(world, email)
    try:
        world.call("people.sign_in", email=email, password=PHRASE)
    except SecondFactorNeeded as needed:
        return {**code, "pending_token": needed.problems[0]["pending_token"]}
    raise AssertionError(email)


def _begun_passkey(world: World) -> Values:
    """Let somebody who has just joined begin to add a passkey; give what the browser answers."""
    secret: str = world.joined()["secret"]
    begun = world.running.call("people.begin_passkey", as_key=secret, password=PHRASE)
    world.secrets[begun["pending_token"]] = secret
    credential = _device(world).create(begun["options"])
    return {"pending_token": begun["pending_token"], "name": "Läptop", "credential": credential}


def _device(world: World) -> Authenticator:
    """Make a device in software that knows the server's address."""
    url = world.running.house.address.url
    return Authenticator(
        credential_id=secrets.token_bytes(32), origin=url, rp_id=str(urlsplit(url).hostname), count=0
    )


def passkey_of(world: World) -> Values:
    """Let somebody who has just joined add a passkey; give its id, and remember whose it is."""
    begun = _begun_passkey(world)
    secret = world.secrets[begun["pending_token"]]
    passkey_id = world.running.call("people.add_passkey", as_key=secret, **begun)["passkey_id"]
    world.secrets[passkey_id] = secret
    return {"passkey_id": passkey_id}


def _shown_passkey(world: World, _mark: str) -> Values:
    secret, device = world.joined()["secret"], _device(world)
    begun = world.running.call("people.begin_passkey", as_key=secret, password=PHRASE)
    added = {"pending_token": begun["pending_token"], "credential": device.create(begun["options"])}
    world.running.call("people.add_passkey", as_key=secret, name="Laptop", **added)
    asked = world.call("people.ask_for_passkey")
    return {"pending_token": asked["pending_token"], "credential": device.get(asked["options"])}


def _holders(world: World, values: Values) -> str:
    """Give the secret of the session of whose passkey this is."""
    named = (str(values.get(name, "")) for name in ("passkey_id", "pending_token"))
    found = [world.secrets[each] for each in named if each in world.secrets]
    return found[0] if found else str(world.joined()["secret"])


PEOPLE: dict[str, Sample] = {
    "people.create_user": Sample(
        lambda _, mark: {
            "email": f"{re.sub('[^a-z0-9]', '-', mark)}@example.com",
            "name": f"Zoë {mark}",
            "groups": ["board"],
        },
        {"email": "nobody", "name": "x" * 101},
    ),
    "people.list_users": Sample(plain(q="fer", role="user", state="invited", limit=2), {"limit": 501}),
    "people.get_user": Sample(
        lambda world, _: {"user_id": world.user_id}, {"user_id": "no id!"}, {"user_id": NOWHERE}
    ),
    "people.update_user": Sample(
        lambda world, mark: {**_gone_user(world, mark), "name": "Änne", "state": "deactivated"},
        {"user_id": "a", "state": "dismissed"},
        {"user_id": NOWHERE},
    ),
    "people.deactivate_user": Sample(_gone_user, {"user_id": "no id!"}, {"user_id": NOWHERE}),
    "people.invite_again": Sample(_waiting_user, {"user_id": "no id!"}, {"user_id": NOWHERE}),
    "people.sign_in": Sample(_credentials, {"email": "nobody", "password": ""}),
    "people.finish_sign_in": Sample(_pending_sign_in, {"pending_token": "no token!", "code": "12345"}),
    "people.list_factors": Sample(plain(), key=members),
    "people.begin_app": Sample(plain(password=PHRASE), {"password": ""}, key=members),
    "people.confirm_app": Sample(lambda world, _: _begun_app(world), {"code": "12345"}, key=_owners),
    "people.remove_app": Sample(
        lambda world, _: {**_recovery_code(world), "password": PHRASE}, {"code": "12345"}, key=_owners
    ),
    "people.make_recovery_codes": Sample(
        lambda world, _: {**_recovery_code(world), "password": PHRASE}, {"code": "12345"}, key=_owners
    ),
    "people.list_passkeys": Sample(plain(), key=members),
    "people.begin_passkey": Sample(plain(password=PHRASE), {"password": ""}, key=members),
    "people.add_passkey": Sample(
        lambda world, _: _begun_passkey(world), {"pending_token": "no token!", "credential": []}, key=_holders
    ),
    "people.rename_passkey": Sample(
        lambda world, _: {**passkey_of(world), "name": "Türm"},
        {"passkey_id": "no id!", "name": ""},
        {"passkey_id": NOWHERE},
        key=_holders,
    ),
    "people.remove_passkey": Sample(
        lambda world, _: {**passkey_of(world), "password": PHRASE},
        {"passkey_id": "no id!"},
        {"passkey_id": NOWHERE},
        key=_holders,
    ),
    "people.ask_for_passkey": Sample(plain(), {"pending_token": "no token!"}),
    "people.sign_in_with_passkey": Sample(_shown_passkey, {"pending_token": "no token!", "credential": 7}),
    "people.end_user_sessions": Sample(_gone_user, {"user_id": "no id!"}, {"user_id": NOWHERE}),
    "people.end_tenant_sessions": Sample(_nobody_signed_in),
    "people.get_sign_in_settings": Sample(plain()),
    "people.set_sign_in_settings": Sample(plain(second_factor="optional"), {"second_factor": "wished"}),
    "people.remove_user_factors": Sample(_gone_user, {"user_id": "no id!"}, {"user_id": NOWHERE}),
    "people.accept_invitation": Sample(_invitation, {"code": "", "password": "x" * 257}),
    "people.look_at_code": Sample(
        lambda world, mark: {"code": _invitation(world, mark)["code"], "purpose": "invitation"},
        {"code": "no code!", "purpose": "fun"},
    ),
    "people.request_password_reset": Sample(plain(email="nobody@example.com"), {"email": "a@b@c"}),
    "people.reset_password": Sample(_reset, {"code": "no code!", "password": "short"}),
    "people.confirm_email": Sample(_new_address, {"code": ""}),
    "people.list_sessions": Sample(plain(), key=members),
    "people.get_account": Sample(plain(), key=members),
    "people.end_session": Sample(
        _second_session,
        {"session_id": "no id!"},
        {"session_id": NOWHERE},
        key=members,
    ),
    "people.end_other_sessions": Sample(plain(), key=members),
    "people.list_memberships": Sample(plain(), key=members),
    "people.change_password": Sample(
        plain(password=PHRASE, new_password="seven quiet lamps"),
        {"new_password": "short"},
        key=members,
    ),
    "people.change_email": Sample(
        plain(email="moves@example.com", password=PHRASE), {"email": "nobody"}, key=members
    ),
}
