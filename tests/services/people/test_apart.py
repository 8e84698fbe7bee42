"""People in processes that run a part of the house."""

from pathlib import Path

import pytest

from mainstay.app.placement import SettingsContradict, chosen_services
from mainstay.app.server import doors
from mainstay.app.settings import Settings
from mainstay.services.identity.failures import RoleInUse
from makers import Mailbox, client, opened_house
from services.people.joining import joined


def test_people_run_where_identity_runs(tmp_path: Path) -> None:
    with pytest.raises(SettingsContradict, match="people runs where identity runs"):
        chosen_services(Settings(data=tmp_path, only=("people", "jobs")))


async def test_identity_and_people_do_without_the_others(tmp_path: Path) -> None:
    mails = Mailbox()
    async with opened_house(tmp_path / "data", only=("identity", "people"), mailer=mails) as house:
        user, session = await joined(house, client(house), mails)
        assert (await session.call("identity.whoami")).subject == user.id
        assert "/account/sign-in" in {route.path for route in doors(house).router.routes}


async def test_there_are_no_pages_where_people_do_not_run(tmp_path: Path) -> None:
    async with opened_house(tmp_path / "data", only=("identity", "jobs")) as house:
        assert not [route for route in doors(house).router.routes if "/account" in route.path]


async def test_a_process_without_people_does_not_delete_their_roles(tmp_path: Path) -> None:
    async with opened_house(tmp_path / "data", only=("identity", "people")) as house:
        admin = client(house)
        await admin.call("identity.create_role", name="crew", permissions=["jobs:read"])
        await admin.call("people.create_user", email="ada@example.com", name="Ada", role="crew")
    async with opened_house(tmp_path / "data", only=("identity", "jobs")) as house:
        with pytest.raises(RoleInUse, match=r"users \(1\)"):
            await client(house).call("identity.delete_role", name="crew")
