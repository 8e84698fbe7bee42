"""TLS by the server itself: what it speaks, what it tells browsers, and a certificate that is renewed."""

import json
import os
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)

from app.shell import typed
from mainstay.app.certificates import Certificate, CertificateInvalid
from mainstay.app.exposure import ConnectionsExposed, refuse_exposed
from mainstay.app.server import certificate_of
from mainstay.app.settings import Settings
from makers import ADMIN_KEY

PAGE = "https://chat.example.com"


def write(folder: Path, encryption: KeySerializationEncryption | None = None) -> tuple[Path, Path]:
    """Write a certificate that signs itself, for a name that nobody calls, and its key."""
    folder.mkdir(exist_ok=True)
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "harbour.example")])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, SHA256())
    )
    chain, secret = folder / "chain.pem", folder / "key.pem"
    chain.write_bytes(made.public_bytes(Encoding.PEM))
    secret.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption or NoEncryption()))
    return chain, secret


@dataclass(frozen=True)
class Served:
    """A server that was started by its command."""

    data: Path
    port: int

    def told(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.data / "server.json").read_text())
        return found

    def tls(self, most: ssl.TLSVersion = ssl.TLSVersion.MAXIMUM_SUPPORTED) -> HTTPSConnection:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode, context.maximum_version = False, ssl.CERT_NONE, most
        return HTTPSConnection("127.0.0.1", self.port, timeout=20, context=context)


@contextmanager
def serving(data: Path, *words: str, **settings: str) -> Iterator[Served]:
    """Run `mainstay serve` for the block."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAINSTAY_URL")}
    command = [str(Path(sys.executable).with_name("mainstay")), "serve", "--port", "0", "--data", str(data)]
    process = subprocess.Popen(  # noqa: S603 - no shell, and the words are this test's own
        [*command, *words],
        env={**environment, "MAINSTAY_ADMIN_KEY": ADMIN_KEY, **settings},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    try:
        said = []
        for line in process.stdout:
            said.append(line)
            if "Ctrl-C" in line:
                break
        assert (data / "server.json").exists(), "".join(said)
        told = json.loads((data / "server.json").read_text())
        assert any(told["url"] in line for line in said)
        yield Served(data, int(urlsplit(told["url"]).port or 0))
    finally:
        process.terminate()
        process.communicate(timeout=60)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return write(tmp_path_factory.mktemp("pem"))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, files: tuple[Path, Path]) -> Iterator[Served]:
    words = ("--tls-certificate", str(files[0]), "--tls-key", str(files[1]))
    with serving(tmp_path_factory.mktemp("served") / "data", *words, MAINSTAY_ALLOWED_ORIGINS=PAGE) as found:
        yield found


def ask(
    connection: HTTPConnection, method: str = "GET", path: str = "/healthz", **headers: str
) -> HTTPResponse:
    connection.request(method, path, headers={name.replace("_", "-"): text for name, text in headers.items()})
    response = connection.getresponse()
    response.read()
    connection.close()
    return response


def test_it_speaks_tls_of_the_newest_version_only(served: Served) -> None:
    assert served.told()["url"].startswith("https://127.0.0.1:")
    connection = served.tls()
    connection.connect()
    assert connection.sock.version() == "TLSv1.3"
    assert ask(connection).status == 200
    with pytest.raises(ssl.SSLError):
        ask(served.tls(ssl.TLSVersion.TLSv1_2))
    with pytest.raises((OSError, ValueError)):
        ask(HTTPConnection("127.0.0.1", served.port, timeout=20))


@pytest.mark.parametrize("path", ["/healthz", "/v1/me", "/docs", "/none"])
def test_browsers_are_told_to_come_back_by_tls(served: Served, path: str) -> None:
    answered = ask(served.tls(), path=path, X_Forwarded_Proto="http")
    assert answered.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"


def test_commands_know_the_certificate_by_the_data_folder(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("MAINSTAY_URL", "MAINSTAY_API_KEY", "MAINSTAY_DATA"):
        monkeypatch.delenv(name, raising=False)
    result = typed("identity", "whoami", "--data", str(served.data), "--json")
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["operator"]
    named = ["--url", f"https://127.0.0.1:{served.port}/", "--key", ADMIN_KEY]
    monkeypatch.chdir(served.data.parent)
    assert typed("identity", "whoami", *named).exit_code == 0, "it stands in ./data"


@pytest.mark.parametrize("known", [None, "00" * 32])
def test_another_certificate_is_not_spoken_to(served: Served, tmp_path: Path, known: str | None) -> None:
    told = {"url": served.told()["url"], "pid": 1, "certificate_sha256": known}
    (tmp_path / "server.json").write_text(json.dumps(told))
    command = [str(Path(sys.executable).with_name("mainstay")), "identity", "whoami", "--data", str(tmp_path)]
    ended = subprocess.run(  # noqa: S603 - no shell, and the words are this test's own
        [*command, "--key", ADMIN_KEY], capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 6
    assert "is not trusted" in ended.stderr


def test_a_renewed_certificate_is_shown_without_a_restart(
    served: Served, files: tuple[Path, Path], tmp_path: Path
) -> None:
    standing = served.tls()
    standing.request("GET", "/healthz")
    assert standing.getresponse().read()
    before = served.told()["certificate_sha256"]
    chain, key = write(tmp_path / "new")
    key.replace(files[1])
    chain.replace(files[0])
    until = time.monotonic() + 30
    while served.told()["certificate_sha256"] == before:
        assert time.monotonic() < until
        time.sleep(0.05)  # another process writes it: it can only be looked at
    shown = served.tls()
    shown.connect()
    der = shown.sock.getpeercert(binary_form=True)
    assert der is not None
    assert (
        x509.load_der_x509_certificate(der).fingerprint(SHA256()).hex() == served.told()["certificate_sha256"]
    )
    shown.close()
    standing.request("GET", "/healthz")
    assert standing.getresponse().status == 200
    standing.close()
    assert typed("identity", "whoami", "--data", str(served.data)).exit_code == 0


def test_pages_of_other_hosts_may_call_when_they_are_named(served: Served) -> None:
    asked = {"Access_Control_Request_Method": "POST", "Access_Control_Request_Headers": "authorization"}
    allowed = ask(served.tls(), "OPTIONS", "/v1/search/vector", Origin=PAGE, **asked)
    assert allowed.status == 200
    assert allowed.headers["Access-Control-Allow-Origin"] == PAGE
    assert "Access-Control-Allow-Credentials" not in allowed.headers
    told = ask(served.tls(), "GET", "/v1/me", Origin=PAGE, Authorization=f"Bearer {ADMIN_KEY}")
    assert told.headers["Access-Control-Allow-Origin"] == PAGE
    assert "RateLimit" in told.headers["Access-Control-Expose-Headers"]
    for origin in ("https://evil.example.com", "https://chat.example.com.evil.com", "null"):
        refused = ask(served.tls(), "OPTIONS", "/v1/search/vector", Origin=origin, **asked)
        assert refused.status == 400
        assert "Access-Control-Allow-Origin" not in refused.headers


def test_only_named_proxies_are_believed(tmp_path: Path) -> None:
    with serving(tmp_path / "data", MAINSTAY_TRUSTED_PROXIES="10.0.0.0/8") as found:
        plain = ask(HTTPConnection("127.0.0.1", found.port), X_Forwarded_Proto="https")
        assert "Strict-Transport-Security" not in plain.headers
        page = ask(HTTPConnection("127.0.0.1", found.port), Origin=PAGE)
        assert "Access-Control-Allow-Origin" not in page.headers
    with serving(tmp_path / "data", MAINSTAY_TRUSTED_PROXIES="127.0.0.1") as found:
        behind = ask(HTTPConnection("127.0.0.1", found.port), X_Forwarded_Proto="https")
        assert behind.headers["Strict-Transport-Security"]


@pytest.mark.parametrize(("proxies", "told"), [("10.0.0.0/8", "127.0.0.1"), ("127.0.0.1", "203.0.113.9")])
def test_the_audit_has_the_clients_address_and_not_what_he_claims(
    tmp_path: Path, proxies: str, told: str
) -> None:
    key = f"Bearer {ADMIN_KEY}"
    with serving(tmp_path / "data", MAINSTAY_TRUSTED_PROXIES=proxies) as found:
        sent = {"X_Forwarded_For": "198.51.100.1, 203.0.113.9", "X_Request_Id": "mine", "Authorization": key}
        assert ask(HTTPConnection("127.0.0.1", found.port), path="/v1/me", **sent).status == 200
        until, entries = time.monotonic() + 30, []
        while not entries:
            assert time.monotonic() < until
            connection = HTTPConnection("127.0.0.1", found.port)
            connection.request("GET", "/v1/audit?request_id=mine", headers={"Authorization": key})
            entries = json.loads(connection.getresponse().read())["entries"]
            connection.close()
    assert [entry["origin"] for entry in entries] == [told]


def test_files_that_do_not_fit_are_told_at_once(tmp_path: Path) -> None:
    chain, key = write(tmp_path / "one")
    _, other = write(tmp_path / "two")
    locked = write(tmp_path / "locked", BestAvailableEncryption(b"secret"))
    for pair in ((chain, other), (chain, tmp_path / "none"), (key, chain), locked):
        with pytest.raises(CertificateInvalid, match="cannot be used"):
            Certificate(*pair)
    command = [str(Path(sys.executable).with_name("mainstay")), "serve", "--data", str(tmp_path / "data")]
    for words in (
        ["--tls-certificate", str(chain)],
        ["--tls-certificate", str(chain), "--tls-key", str(other)],
    ):
        ended = subprocess.run(  # noqa: S603 - no shell, and the words are this test's own
            [*command, *words], capture_output=True, text=True, timeout=60, check=False
        )
        assert ended.returncode == 2
        assert "key" in ended.stderr
        assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "mainstay.example.com"])  # noqa: S104 - refused
def test_beyond_this_machine_it_does_not_speak_plain_http_unless_told(host: str, tmp_path: Path) -> None:
    with pytest.raises(ConnectionsExposed, match="--tls-certificate"):
        certificate_of(Settings(host=host))
    assert certificate_of(Settings(host=host, trusted_proxies=("10.0.0.0/8",))) is None
    assert certificate_of(Settings(host=host, plain_connections=True)) is None
    for near in ("127.0.0.1", "::1", "localhost", "127.8.9.10"):
        assert certificate_of(Settings(host=near)) is None
    chain, key = write(tmp_path / "pem")
    assert certificate_of(Settings(host=host, tls_certificate=chain, tls_key=key)) is not None


def test_calls_to_processes_on_other_machines_do_not_travel_in_the_clear() -> None:
    for url in ("http://10.0.0.2:8082", "http://knowledge.internal", "HTTP://[2001:db8::1]:80/x"):
        with pytest.raises(ConnectionsExposed, match=r"MAINSTAY_REMOTES \(knowledge\)"):
            refuse_exposed(Settings(remotes={"knowledge": url}))
        refuse_exposed(Settings(remotes={"knowledge": url}, plain_connections=True))
    for url in ("https://10.0.0.2:8082", "http://127.0.0.1:8082", "http://[::1]:8082", "http://localhost"):
        refuse_exposed(Settings(remotes={"knowledge": url}))


@pytest.mark.parametrize(
    ("name", "exposed", "hidden"),
    [
        ("database", "postgresql://m:p@db.internal/m", "postgresql://m:p@db.internal/m?sslmode=verify-full"),
        ("database", "postgresql://m@[2001:db8::1]:5432/m?sslmode=prefer", "postgresql://m@localhost:5432/m"),
        ("database", "postgresql://m@127.0.0.1,db2:5432/m", "postgresql://m@127.0.0.1,[::1]:5432/m"),
        ("database", "postgresql:///m?host=db", "postgresql:///m?host=/var/run/postgresql"),
        ("database", "postgresql://localhost/m?hostaddr=10.0.0.9", "postgresql://%2Fvar%2Frun/m"),
        ("database", "host=db.internal dbname=m", "host=127.0.0.1 dbname=m"),
        ("database", "host=db dbname=m sslmode=disable", "host=db dbname=m sslmode=require"),
        ("cache", "redis://:p@cache.internal:6379/0", "rediss://:p@cache.internal:6379/0"),
        ("vault", "http://vault.internal:8200", "https://vault.internal:8200"),
        ("encoder", "http://models.internal/v1", "https://models.internal/v1"),
        ("generator", "http://models.internal/v1", "http://127.0.0.1:11434/v1"),
        ("reranker", "http://models.internal/v1", "https://models.internal/v1"),
        ("mail", "smtp://mail.internal:25?starttls=no", "smtp://mail.internal:25"),
    ],
)
def test_no_part_on_another_machine_is_spoken_to_in_the_clear(name: str, exposed: str, hidden: str) -> None:
    with pytest.raises(ConnectionsExposed, match=f"MAINSTAY_{name.upper()}: keys and data"):
        refuse_exposed(Settings(**{name: exposed}))  # type: ignore[arg-type]  # text is what variables have
    refuse_exposed(Settings(**{name: exposed, "plain_connections": True}))  # type: ignore[arg-type]  # as above
    refuse_exposed(Settings(**{name: hidden}))  # type: ignore[arg-type]  # as above


def test_the_command_refuses_plain_http_before_it_does_anything(tmp_path: Path) -> None:
    command = [str(Path(sys.executable).with_name("mainstay")), "serve", "--data", str(tmp_path / "data")]
    ended = subprocess.run(  # noqa: S603 - no shell, and the words are this test's own
        [*command, "--host", "0.0.0.0"],  # noqa: S104 - refused
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 2
    assert "MAINSTAY_TRUSTED_PROXIES" in ended.stderr
    assert not (tmp_path / "data").exists()


def test_half_a_renewal_is_left_alone(tmp_path: Path) -> None:
    chain, key = write(tmp_path / "pem")
    certificate = Certificate(chain, key)
    before = certificate.sha256
    assert not certificate.renewed()
    new_chain, new_key = write(tmp_path / "new")
    new_chain.replace(chain)
    assert not certificate.renewed()
    assert certificate.sha256 == before
    new_key.replace(key)
    assert certificate.renewed()
    assert certificate.sha256 != before
    chain.unlink()
    assert not certificate.renewed()
