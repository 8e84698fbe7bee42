"""Killed while it seals: one entry for each committed change, one whole chain; and the commands for it."""

import json
import os
import random
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from http.client import HTTPException
from pathlib import Path

import pytest
from servers import ADMIN_KEY, FULL, Server, needs_encoder, serving

KILLS = 50 if FULL else 2
_SEED = 20_261_129
_MAINSTAY = Path(sys.executable).with_name("mainstay")


def mainstay(*words: str, code: int = 0) -> str:
    """Run a command and expect an exit code."""
    hidden = {"MAINSTAY_DATA", "MAINSTAY_URL", "MAINSTAY_API_KEY", "MAINSTAY_ADMIN_KEY"}
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    ran = subprocess.run(  # noqa: S603 - our own program
        [str(_MAINSTAY), *words], env=environment, capture_output=True, text=True, timeout=100, check=False
    )
    assert ran.returncode == code, (words, ran.stdout, ran.stderr)
    return ran.stdout


def numbers(folder: Path, sql: str) -> int:
    with closing(sqlite3.connect(folder / "mainstay.db", timeout=10)) as link:
        return int(link.execute(sql).fetchone()[0])


def write(server: Server, acknowledged: list[str]) -> None:
    """Make keys until the server is gone."""
    try:
        with server.connection() as connection:
            while True:
                told = connection.ask("POST", "/v1/api-keys", {"name": "killed"})
                assert told.good
                acknowledged.append(told.body["key_id"])
                assert connection.ask("GET", "/v1/me").good
    except (OSError, HTTPException):
        return


@pytest.mark.timeout(1800 if FULL else 180)
def test_kills_leave_one_entry_for_each_change_and_a_whole_chain(tmp_path: Path) -> None:
    needs_encoder()
    folder, acknowledged = tmp_path / "data", list[str]()
    chance = random.Random(_SEED)  # noqa: S311 - a seeded run can be repeated
    for _ in range(KILLS):
        with serving(folder) as server:
            writers = [threading.Thread(target=write, args=(server, acknowledged)) for _ in range(3)]
            for writer in writers:
                writer.start()
            time.sleep(chance.uniform(0.8, 2.2))
            server.kill()
            for writer in writers:
                writer.join()
        told = json.loads(mainstay("audit", "verify", "--data", str(folder), "--json"))
        assert not [each["finding"] for each in told if each["finding"]]
    with serving(folder) as server:
        until = time.monotonic() + 30
        while numbers(folder, "SELECT count(*) FROM audit WHERE sealed = 0") and time.monotonic() < until:
            time.sleep(0.05)
        assert server.stop() == 0
    changes = numbers(folder, "SELECT count(*) FROM api_keys WHERE name = 'killed'")
    entries = "SELECT count(*) FROM audit WHERE operation = 'identity.create_key' AND outcome = 'ok'"
    assert changes >= len(acknowledged) > 10 * KILLS
    assert numbers(folder, entries) == changes
    rows, links = (numbers(folder, f"SELECT count(*) FROM {table}") for table in ("audit", "audit_links"))
    assert rows == links
    (told,) = json.loads(mainstay("audit", "verify", "--data", str(folder), "--json"))
    assert (told["whole"], told["checked"], told["unsigned"], told["waiting"]) == (True, links, 0, 0)
    _prove_elsewhere(folder, tmp_path)


def _public(checkpoint: Path) -> str:
    return str(json.loads(checkpoint.read_text())["public_key"])


def _prove_elsewhere(folder: Path, tmp_path: Path) -> None:
    """Carry the audit away, check it, and see that what is changed afterwards is found."""
    export, checkpoint = tmp_path / "audit.jsonl", tmp_path / "checkpoint.json"
    with serving(folder) as server:
        where = ("--url", f"http://127.0.0.1:{server.port}", "--key", ADMIN_KEY)
        checkpoint.write_text(mainstay("audit", "checkpoint", *where))
        mainstay("audit", "export", "-o", str(export), *where)
        assert '"begin"' in mainstay("audit", "export", "--since", "2026-01-01T00:00:00Z", *where)
        mainstay("audit", "export", "-o", str(export), *where, code=2)
        mainstay("audit", "export", "--since", "yesterday", *where, code=2)
        assert mainstay("audit", "checkpoint", "--public-key", *where).strip() == _public(checkpoint)
        assert server.stop() == 0
    public = _public(checkpoint)
    (tmp_path / "audit.pub").write_text(f"{public}\n")
    verify = ("audit", "verify", str(export), "--checkpoint", str(checkpoint), "--public-key")
    assert " is whole: " in mainstay(*verify, public)
    assert " is whole: " in mainstay(*verify, str(tmp_path / "audit.pub"))
    assert "not the one it is checked with" in mainstay(*verify, "58" + "66" * 31, code=1)
    mainstay("audit", "verify", str(tmp_path / "nothing.jsonl"), code=6)
    mainstay("audit", "verify", str(export), "--public-key", "no key", code=6)
    mainstay("audit", "verify", str(export), "--checkpoint", str(export), code=6)
    mainstay("audit", "verify", "--data", str(tmp_path), code=6)
    export.write_text(export.read_text().replace('"outcome": "ok"', '"outcome": "no"', 1))
    assert "is NOT whole: Entry" in mainstay("audit", "verify", str(export), code=1)
    with closing(sqlite3.connect(folder / "mainstay.db", isolation_level=None)) as link:
        link.execute("DELETE FROM audit_links WHERE place > 5")
        link.execute("DELETE FROM audit_checkpoints WHERE place > 5")
        link.execute("DELETE FROM audit WHERE seq NOT IN (SELECT seq FROM audit_links)")
    anchored = ("audit", "verify", "--data", str(folder), "--checkpoint", str(checkpoint))
    assert "the end was cut off" in mainstay(*anchored, code=1)
