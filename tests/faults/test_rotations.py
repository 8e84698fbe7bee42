"""Keys of every kind are replaced while clients are at work: no request fails, all stays readable."""

import base64
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest
import truths
from ledger import Ledger, Writers
from servers import FULL, Connection, Server, Told, needs_encoder, serving

TURNS = 30 if FULL else 2
_BETWEEN_S = 0.15
"""How long the clients work between two replacements: it paces the load, and nothing waits for it."""
_OVERLAP = {"overlap_s": 60}
_OF_A_TOKEN = 20


class Asking:
    """A program with a secret that somebody replaces; it reads until it is told to stop."""

    def __init__(self, server: Server, ledger: Ledger, stop: threading.Event) -> None:
        self.secret = ""
        self.answers = 0
        self._ledger = ledger
        self._stop = stop
        self._thread = threading.Thread(target=self._run, args=(server.port,), daemon=True)

    def start(self) -> None:
        self._thread.start()

    def join(self) -> None:
        self._thread.join(timeout=60)
        assert not self._thread.is_alive()

    def _run(self, port: int) -> None:
        with closing(Connection(port)) as connection:
            while not self._stop.is_set() and not self._ledger.refusals:
                self._work(connection)

    def _work(self, connection: Connection) -> None:
        self._judged(connection.ask("GET", "/v1/me", authorization=f"Bearer {self.secret}"))

    def _judged(self, told: Told) -> Told:
        self.answers += 1
        if not told.good:
            self._ledger.refuse(told)
        return told


class AskingByTokens(Asking):
    """A service account: its secret gives it tokens, and each token works a while after the next was made."""

    client_id = ""

    def _work(self, connection: Connection) -> None:
        proof = base64.b64encode(f"{self.client_id}:{self.secret}".encode()).decode()
        form = b"grant_type=client_credentials"
        told = self._judged(connection.ask("POST", "/v1/auth/token", form, authorization=f"Basic {proof}"))
        if not told.good:
            return
        token = told.body["access_token"]
        for _ in range(_OF_A_TOKEN):
            self._judged(connection.ask("GET", "/v1/collections", authorization=f"Bearer {token}"))


@pytest.mark.timeout(1800 if FULL else 120)
def test_keys_are_replaced_under_load(tmp_path: Path) -> None:
    needs_encoder()
    folder, ledger, stop = tmp_path / "data", Ledger(), threading.Event()
    writers = Writers(2, ledger, 3)
    with serving(folder, rate_limit_strangers_per_minute="100000") as server, server.connection() as admin:

        def done(path: str, body: object) -> dict[str, str]:
            told = admin.ask("POST", f"/v1/{path}", body)
            assert told.good, told
            return dict(told.body) if isinstance(told.body, dict) else {}

        by_key, by_token = Asking(server, ledger, stop), AskingByTokens(server, ledger, stop)
        made = done("api-keys", {"name": "reader", "role": "user"})
        key_id, by_key.secret = made["key_id"], made["key"]
        made = done("oauth/clients", {"name": "importer", "role": "developer"})
        by_token.client_id, by_token.secret = made["client_id"], made["client_secret"]
        writers.start(server.port)
        by_key.start()
        by_token.start()
        for _ in range(TURNS):
            by_key.secret = done(f"api-keys/{key_id}/rotate", _OVERLAP)["key"]
            time.sleep(_BETWEEN_S)
            by_token.secret = done(f"oauth/clients/{by_token.client_id}/rotate", _OVERLAP)["client_secret"]
            time.sleep(_BETWEEN_S)
            for path, body in (
                ("oauth/signing-keys/rotate", {"at_once": True}),
                ("privacy/keys/rotate", {"what": "data"}),
                ("privacy/keys/rotate", {"what": "root"}),
            ):
                done(path, body)
                time.sleep(_BETWEEN_S)
        stop.set()
        writers.stop()
        by_key.join()
        by_token.join()
        assert not ledger.refusals, ledger.refusals[:3]
        assert min(by_key.answers, by_token.answers, ledger.acknowledged) > TURNS
        truths.settle(folder)
        truths.check(server, ledger.promised(), ledger.words())
        assert server.stop() == 0
    with serving(folder) as server:
        truths.check(server, ledger.promised(), ledger.words())
    print(  # noqa: T201 - the figures of the campaign
        f"\n{5 * TURNS} keys replaced: {ledger.acknowledged} writes and"
        f" {by_key.answers + by_token.answers} reads were answered meanwhile, 0 failed"
    )
