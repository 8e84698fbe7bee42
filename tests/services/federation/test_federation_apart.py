"""Single sign-on in processes that run a part of the house."""

from pathlib import Path

import pytest

from mainstay.app.placement import SettingsContradict, chosen_services
from mainstay.app.server import doors
from mainstay.app.settings import Settings
from makers import opened_house


def test_single_sign_on_runs_where_identity_runs(tmp_path: Path) -> None:
    with pytest.raises(SettingsContradict, match="federation runs where identity runs"):
        chosen_services(Settings(data=tmp_path, only=("federation", "jobs")))


@pytest.mark.parametrize("more", [(), ("federation",)])
async def test_its_pages_are_where_it_runs(tmp_path: Path, more: tuple[str, ...]) -> None:
    async with opened_house(tmp_path / "data", only=("identity", "people", *more)) as house:
        paths = {route.path for route in doors(house).router.routes}
        assert ("/sso/{connection_id}/acs" in paths) == bool(more)
        assert "/account/sign-in" in paths
