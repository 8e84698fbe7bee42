"""An export of a tenant as one file: waited for, checked, and gone on with where it was broken off."""

import asyncio
import base64
import hashlib
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from app.shell import typed
from mainstay.kernel import takeout
from makers import ADMIN_KEY, client, opened_house
from served import served
from services.privacy.test_takeouts import furnished
from wire_server import Handler, WireServer, answer, problem

PARTS = (b"first part, ", b"second part, ", b"third part")
WHOLE = b"".join(PARTS)
EXPORT = {
    "export_id": "export_1",
    "state": "done",
    "job_id": "job_1",
    "asked_ms": 1,
    "done_ms": 2,
    "expires_ms": 3,
    "parts": len(PARTS),
    "bytes": len(WHOLE),
    "counts": {},
}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mainstay.app.commands.takeout._LOOK_EVERY_S", 0.01)


def part(number: int, **other: Any) -> Handler:
    content = PARTS[number - 1]
    told = {
        "export_id": "export_1",
        "number": number,
        "parts": len(PARTS),
        "sha256": hashlib.sha256(content).hexdigest(),
        "content": base64.b64encode(content).decode(),
    }
    return answer({**told, **other})


def state(name: str, **other: Any) -> Handler:
    return answer({**EXPORT, "state": name, **other})


def download(*words: str) -> Result:
    return typed("privacy", "download-tenant-export", "-o", "tenant.tar.gz", *words)


def paths(server: WireServer) -> list[str]:
    found = [f"{each.method} {each.target.removeprefix('/v1/privacy/')}" for each in server.seen]
    server.seen.clear()
    return found


def test_it_is_made_waited_for_and_written(server: WireServer, tmp_path: Path) -> None:
    server.answers.extend(
        [answer([]), state("running"), state("running"), state("done"), *map(part, (1, 2, 3))]
    )
    result = download("--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout) == {**EXPORT, "file": "tenant.tar.gz"}
    assert (tmp_path / "tenant.tar.gz").read_bytes() == WHOLE
    assert (tmp_path / "tenant.tar.gz").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["tenant.tar.gz"]
    asked = ["GET tenant-exports", "POST tenant-exports", *["GET tenant-exports/export_1"] * 2]
    assert paths(server) == [*asked, *(f"GET tenant-exports/export_1/parts/{number}" for number in (1, 2, 3))]
    assert download().exit_code == 2, "what is there is not written over"
    assert paths(server) == []


@pytest.mark.parametrize(
    "broken",
    [part(2, content=base64.b64encode(b"else").decode()), part(2, content="?"), problem(403, "Forbidden")],
)
def test_it_goes_on_where_it_was_broken_off(server: WireServer, tmp_path: Path, broken: Handler) -> None:
    server.answers.extend([answer([EXPORT, {**EXPORT, "state": "running"}]), state("done"), part(1), broken])
    assert download().exit_code in {3, 5}
    assert not (tmp_path / "tenant.tar.gz").exists()
    assert "POST tenant-exports" not in paths(server), "one is being made"
    with (tmp_path / "tenant.tar.gz.unfinished").open("ab") as file:
        file.write(b"half of a pa")
    server.answers.extend([state("done"), part(2), part(3)])
    assert download().exit_code == 0
    assert (tmp_path / "tenant.tar.gz").read_bytes() == WHOLE
    assert paths(server)[1] == "GET tenant-exports/export_1/parts/2"
    assert [path.name for path in tmp_path.iterdir()] == ["tenant.tar.gz"]


def test_another_export_begins_anew(server: WireServer, tmp_path: Path) -> None:
    server.answers.extend([answer([]), state("done"), state("done"), part(1), problem(403, "Forbidden")])
    assert download().exit_code == 3
    other = {"export_id": "export_2"}
    server.answers.extend([state("done", **other), *(part(number, **other) for number in (1, 2, 3))])
    assert download("--export-id", "export_2").exit_code == 0
    assert (tmp_path / "tenant.tar.gz").read_bytes() == WHOLE


def test_what_has_expired_or_is_too_short_is_no_archive(server: WireServer, tmp_path: Path) -> None:
    server.answers.extend([state("expired")])
    expired = download("--export-id", "export_1")
    assert (expired.exit_code, list(tmp_path.iterdir())) == (5, [])
    assert "without --export-id" in " ".join(expired.output.split())
    server.answers.extend([problem(404, "TenantExportMissing")])
    assert (download("--export-id", "export_0").exit_code, list(tmp_path.iterdir())) == (4, [])
    server.answers.extend([state("done", parts=2), *map(part, (1, 2))])
    assert download("--export-id", "export_1").exit_code == 5
    assert list(tmp_path.iterdir()) == []


async def test_a_whole_tenant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(takeout, "PORTION_BYTES", 2000)
    monkeypatch.delenv("MAINSTAY_DATA", raising=False)
    file = tmp_path / "tenant.tar.gz"
    async with opened_house(tmp_path / "data") as house, served(house) as url:
        await furnished(client(house))
        where = ("--url", url, "--key", ADMIN_KEY, "-o", str(file), "--json")
        result = await asyncio.to_thread(typed, "privacy", "download-tenant-export", *where)
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["parts"] > 1
    with tarfile.open(file) as archive:
        names = archive.getnames()
        told = archive.extractfile("end.json")
        assert told is not None
        end = json.load(told)
    assert (names[0], names[-1]) == ("manifest.json", "end.json")
    assert end["counts"]["documents"] == 27
