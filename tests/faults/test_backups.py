"""Backup and restore while the house is at work: what was acknowledged before the copy is in it."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import truths
from ledger import Ledger, Writers
from servers import FULL, environment, needs_encoder, serving

_MB = 1024 * 1024
_MAINSTAY = str(Path(sys.executable).with_name("mainstay"))


def mainstay(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [_MAINSTAY, *words]
    return subprocess.run(  # noqa: S603 - our own program
        command, env=environment(folder), capture_output=True, text=True, check=False, timeout=300
    )


@pytest.mark.timeout(900 if FULL else 240)
def test_a_copy_made_at_work_holds_what_was_acknowledged(tmp_path: Path) -> None:
    needs_encoder()
    folder, copy, again = tmp_path / "data", tmp_path / "copy", tmp_path / "again"
    ledger = Ledger()
    writers = Writers(3, ledger, 11)
    with serving(folder) as server:
        writers.start(server.port)
        time.sleep(30 if FULL else 3)
        promised = ledger.promised()
        started = time.perf_counter()
        told = mainstay(folder, "backup", str(copy))
        backed_up = time.perf_counter() - started
        assert told.returncode == 0, told
        writers.stop()
        assert not ledger.refusals, ledger.refusals
        for doc_id, states in ledger.promised().items():
            promised.setdefault(doc_id, [ledger.history(doc_id).states[0], *states])
        # A copy may hold anything that was asked for since; never less than what was acknowledged before.
        for doc_id in promised:
            history = ledger.history(doc_id).states
            first = history.index(promised[doc_id][0])
            promised[doc_id] = history[first:]

    refused = mainstay(again, "restore", str(copy))
    assert refused.returncode != 0
    assert "--key" in refused.stderr
    wrong = tmp_path / "wrong.key"
    wrong.write_bytes(os.urandom((folder / "secret.key").stat().st_size))
    wrong.chmod(0o600)
    refused = mainstay(again, "restore", str(copy), "--key", str(wrong))
    assert refused.returncode != 0, "a wrong key was taken"
    assert "key" in refused.stderr
    assert not again.exists()

    started = time.perf_counter()
    told = mainstay(again, "restore", str(copy), "--key", str(folder / "secret.key"))
    restored = time.perf_counter() - started
    assert told.returncode == 0, told
    size = sum(path.stat().st_size for path in copy.rglob("*") if path.is_file())
    with serving(again) as server:
        states = truths.check(server, promised, ledger.words())
        assert server.stop() == 0
    missing, _ = truths.blobs_left(again)
    assert missing == 0
    print(  # noqa: T201 - the figures of the campaign
        f"\nbackup of {size / _MB:.2f} MB with {len(states)} documents while writing: {backed_up:.2f} s;"
        f" restore {restored:.2f} s, programs' starts included; 0 acknowledged before it lost"
    )
