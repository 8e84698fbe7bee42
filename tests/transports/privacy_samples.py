"""Values for the operations on consents, retention, exports and erasures."""

import re

from transports.worlds import NOWHERE, Sample, Values, World, plain


def _exported(world: World, _mark: str) -> Values:
    asked = world.call("privacy.export_person", subject="user_1")
    world.running.calm()
    return {"request_id": asked["request_id"]}


def _no_export(world: World, _mark: str) -> Values:
    world.running.calm()
    return {}


def _gone_export(world: World, _mark: str) -> Values:
    world.running.calm()
    made = world.call("privacy.export_tenant")
    world.running.calm()
    return {"export_id": made["export_id"]}


def _taken_along(world: World, mark: str) -> Values:
    """Export, once: what is read must stay the same at every door."""
    done = [each for each in world.call("privacy.list_tenant_exports") if each["state"] == "done"]
    return {"export_id": done[0]["export_id"]} if done else _gone_export(world, mark)


def _agreed(world: World) -> Values:
    asked = {"subject": "user_agreeing", "purpose": "terms"}
    world.call("privacy.define_consent", purpose="terms", text="Words.")
    if not world.call("privacy.check_consent", **asked)["given"]:
        world.call("privacy.give_consent", **asked, version=1)
    return dict(asked)


def _somebody(world: World, mark: str) -> Values:
    return {"subject": world.call("identity.create_key", name=f"forgotten {mark}")["key_id"]}


PRIVACY: dict[str, Sample] = {
    "privacy.define_consent": Sample(
        lambda _, mark: {"purpose": f"p-{re.sub('[^a-z0-9_-]', '-', mark)}", "text": "Words."},
        {"purpose": "No purpose", "text": ""},
    ),
    "privacy.list_consent_purposes": Sample(plain()),
    "privacy.give_consent": Sample(
        lambda world, _: {**_agreed(world), "version": 1, "evidence": "A box – ü."},
        {"purpose": "No purpose", "version": 0},
        {"purpose": "nowhere"},
    ),
    "privacy.withdraw_consent": Sample(
        lambda world, _: _agreed(world), {"purpose": "No purpose"}, {"purpose": "nowhere"}
    ),
    "privacy.list_consents": Sample(plain(subject="user_agreeing", limit=2, before=1), {"limit": 201}),
    "privacy.check_consent": Sample(
        lambda world, _: _agreed(world), {"purpose": "No purpose"}, {"purpose": "nowhere"}
    ),
    "privacy.get_retention": Sample(plain()),
    "privacy.set_retention": Sample(plain(days={"feedback": 365}), {"days": {"feedback": 0}}),
    "privacy.preview_retention": Sample(plain(kind="feedback", days=365), {"days": 0}),
    "privacy.export_tenant": Sample(_no_export),
    "privacy.list_tenant_exports": Sample(plain()),
    "privacy.get_tenant_export": Sample(_taken_along, {"export_id": "no id!"}, {"export_id": NOWHERE}),
    "privacy.read_tenant_export": Sample(
        lambda world, mark: {**_taken_along(world, mark), "number": 1},
        {"export_id": "no id!", "number": 0},
        {"export_id": NOWHERE},
    ),
    "privacy.delete_tenant_export": Sample(_gone_export, {"export_id": "no id!"}, {"export_id": NOWHERE}),
    "privacy.describe_keys": Sample(plain()),
    "privacy.export_person": Sample(plain(subject="user_1"), {"subject": "no id!"}),
    "privacy.read_export": Sample(_exported, {"request_id": "no id!"}, {"request_id": NOWHERE}),
    "privacy.erase_person": Sample(_somebody, {"subject": "no id!"}, {"subject": NOWHERE}),
    "privacy.get_request": Sample(_exported, {"request_id": "no id!"}, {"request_id": NOWHERE}),
    "privacy.list_requests": Sample(plain(limit=2), {"limit": 201}),
    "privacy.rotate_keys": Sample(plain(what="data"), {"what": "everything"}),
}
