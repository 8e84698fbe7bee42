"""Checking a data folder reads it, and never brings it to another version."""

import asyncio
import json
import shutil
from pathlib import Path

import pytest

from app.shell import typed
from mainstay.app.audits import AuditFileUnreadable, AuditSchemaOther, anchors_of, check_data
from mainstay.app.settings import Settings
from mainstay.engines.database import migrate
from mainstay.engines.database.postgres import stored_version
from mainstay.services.observability.interface import AuditCheckpoints
from makers import client, opened_house, tenant_client


def silent(_done: int) -> None:
    return


async def check(settings: Settings) -> list[str]:
    return [each.finding async for each in check_data(settings, None, None, silent)]


def older(tmp_path: Path) -> Path:
    """Give the version files without the newest one."""
    folder = tmp_path / "versions"
    folder.mkdir()
    for path in migrate.version_files()[:-1]:
        shutil.copy(path, folder)
    return folder


async def test_an_older_file_is_refused_and_stays_as_it_is(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    path = data / "mainstay.db"
    migrate.upgrade_sqlite(path, older(tmp_path))
    before = path.read_bytes()
    with pytest.raises(AuditSchemaOther, match="start the server once"):
        await check(Settings(data=data))
    assert path.read_bytes() == before
    assert migrate.stored_in_sqlite(path) != migrate.newest_version()


async def test_a_file_of_this_version_is_checked(tmp_path: Path) -> None:
    async with opened_house(tmp_path / "data"):
        pass
    assert set(await check(Settings(data=tmp_path / "data"))) <= {""}


async def test_an_older_postgres_is_refused(tmp_path: Path, empty_postgres: str) -> None:
    assert stored_version(empty_postgres) is None
    with pytest.raises(AuditSchemaOther):
        await check(Settings(data=tmp_path, database=empty_postgres))
    assert stored_version(empty_postgres) is None


async def test_a_checkpoint_is_told_of_its_own_tenant_alone(tmp_path: Path) -> None:
    data, kept = tmp_path / "data", tmp_path / "checkpoint.json"
    async with opened_house(data) as house:
        admin, other = client(house), await tenant_client(house, "other")
        await house.audit.flush()
        await house.sealer.catch_up()
        kept.write_text((await admin.call("observability.list_checkpoints", limit=1)).model_dump_json())
        theirs = await other.call("observability.list_checkpoints", limit=1)
    verify = ("audit", "verify", "--data", str(data))
    said = (await asyncio.to_thread(typed, *verify, "--checkpoint", str(kept))).output
    assert said.count(" is whole: ") >= 2
    assert said.count("The checkpoint") == said.count("The checkpoint fits: up to entry ") == 1
    tenant_id = json.loads(kept.read_text())["tenant_id"]
    assert said.index(f"{tenant_id} is whole") < said.index("The checkpoint fits")
    assert theirs.tenant_id in said
    assert "The checkpoint" not in (await asyncio.to_thread(typed, *verify)).output


def test_a_file_without_a_checkpoint_says_so(tmp_path: Path) -> None:
    (tmp_path / "empty.json").write_text(
        AuditCheckpoints(tenant_id="t", key_id="k", public_key="", checkpoints=[]).model_dump_json()
    )
    with pytest.raises(AuditFileUnreadable, match="before the first checkpoint"):
        anchors_of(tmp_path / "empty.json")
