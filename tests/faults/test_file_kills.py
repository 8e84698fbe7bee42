"""Stored files, killed again and again: what was acknowledged is whole, what was deleted stays gone."""

import hashlib
import os
import random
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import openai
import pytest
from servers import ADMIN_KEY, FULL, Server, needs_encoder

KILLS = 100 if FULL else 2
_SEED = int(os.environ.get("MAINSTAY_FAULT_SEED", "20261130"))
_SIZE_MAX = 12 * 1024 * 1024
_SETTLED_S = 10.0


@dataclass
class Kept:
    """What the server said it has: hashes by id, and in which store; and what it said is gone."""

    files: dict[str, str] = field(default_factory=dict)
    attached: set[str] = field(default_factory=set)
    gone: set[str] = field(default_factory=set)
    asked: set[str] = field(default_factory=set)


def client(server: Server) -> openai.OpenAI:
    url = f"http://127.0.0.1:{server.port}/v1"
    return openai.OpenAI(base_url=url, api_key=ADMIN_KEY, max_retries=0, timeout=60)


def write(server: Server, store_id: str, kept: Kept, chance: random.Random) -> None:
    """Upload, attach and delete until the server is killed."""
    with client(server) as there:
        try:
            while True:
                large = chance.random() < 0.3
                content = chance.randbytes(chance.randint(1, _SIZE_MAX)) if large else b"The ferry. " * 9
                file = there.files.create(file=("a.txt", content), purpose="assistants")
                kept.files[file.id] = hashlib.sha256(content).hexdigest()
                if not large:
                    there.vector_stores.files.create(store_id, file_id=file.id)
                    kept.attached.add(file.id)
                if chance.random() < 0.4:
                    one = chance.choice(sorted(kept.files))
                    kept.asked.add(one)
                    there.files.delete(one)
                    kept.gone.add(one)
                    kept.files.pop(one)
                    kept.attached.discard(one)
        except openai.APIConnectionError:
            return


def check(server: Server, store_id: str, kept: Kept) -> None:
    """See that what was acknowledged is there, whole, and searchable; and that nothing deleted is."""
    with client(server) as there:
        listed = {file.id: file for file in there.files.list()}
        for file_id in kept.asked & set(kept.files) - set(listed):  # deleted, but the answer never came
            kept.gone.add(file_id)
            kept.files.pop(file_id)
            kept.attached.discard(file_id)
        for file_id, sha256 in kept.files.items():
            assert hashlib.sha256(there.files.content(file_id).content).hexdigest() == sha256
        assert not kept.gone & set(listed)
        for file_id in sorted(kept.attached & set(listed)):
            done = there.vector_stores.files.poll(file_id, vector_store_id=store_id, poll_interval_ms=50)
            assert done.status == "completed", done
        until = time.monotonic() + _SETTLED_S  # a deletion that was broken off goes on by itself
        while not (inside := {file.id for file in there.vector_stores.files.list(store_id)}) <= set(listed):
            assert time.monotonic() < until
            time.sleep(0.05)
        assert kept.attached & set(listed) <= inside
        hits = there.vector_stores.search(store_id, query="ferry", max_num_results=50)
        assert not {hit.file_id for hit in hits} & kept.gone


@pytest.mark.timeout(3600 if FULL else 180)
def test_kills_lose_no_file_and_bring_none_back(tmp_path: Path) -> None:
    needs_encoder()
    chance, kept = random.Random(_SEED), Kept()  # noqa: S311 - a seeded run can be repeated
    server = Server(tmp_path / "data")
    try:
        server.ready()
        with client(server) as there:
            store_id = there.vector_stores.create(name="Trips").id
        for _ in range(KILLS):
            writer = threading.Thread(target=write, args=(server, store_id, kept, chance))
            writer.start()
            time.sleep(chance.uniform(0.5, 2.5))
            server.kill()
            writer.join()
            server = Server(tmp_path / "data")
            server.ready()
            check(server, store_id, kept)
        assert server.stop() == 0
    finally:
        server.end()
    assert kept.files
    assert kept.gone
