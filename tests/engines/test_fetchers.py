"""Every fetcher behind ports.fetchers."""

import asyncio
import gzip
import json
import socket
import ssl
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import connector, web
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from mainstay.engines.fetchers import http
from mainstay.engines.fetchers.http import HttpFetcher, is_public
from mainstay.engines.fetchers.late import LateFetcher
from mainstay.ports.fetchers import AddressRefused, PageMissing, PageTooLarge, PageUnavailable

SITE = "127.0.0.2"  # plays the public internet
SECRET = "127.0.0.1"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Net:
    """A site on the "public" address, a secret on the private one, and names for both."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.names: dict[str, list[list[str]]] = {"site.test": [[SITE]], "inside.test": [[SECRET]]}
        self.asked: list[str] = []
        self.pages: dict[str, Handler] = {}
        self.secrets_told = 0

    async def look_up(self, host: str, port: int) -> list[str]:
        self.asked.append(host)
        answers = self.names.get(host)
        if answers is None:
            return await http.look_up(host, port)
        return answers.pop(0) if len(answers) > 1 else answers[0]

    def url(self, path: str = "/", host: str = "site.test") -> str:
        return f"http://{host}:{self.port}{path}"

    async def serve(self, request: web.Request) -> web.StreamResponse:
        return await self.pages[request.path](request)

    async def tell_secret(self, _: web.Request) -> web.Response:
        self.secrets_told += 1
        return web.Response(text="secret")


@pytest.fixture
async def net(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Net]:
    sockets = [socket.socket(), socket.socket()]
    sockets[0].bind((SITE, 0))
    made = Net(sockets[0].getsockname()[1])
    sockets[1].bind((SECRET, made.port))
    runners = []
    for handler, bound in ((made.serve, sockets[0]), (made.tell_secret, sockets[1])):
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", handler)
        runner = web.AppRunner(app, shutdown_timeout=0)
        await runner.setup()
        await web.SockSite(runner, bound).start()
        runners.append(runner)
    monkeypatch.setattr(http, "_PORTS", frozenset({made.port}))
    monkeypatch.setattr(http, "is_public", lambda address: address == SITE or is_public(address))
    yield made
    for runner in runners:
        await runner.cleanup()


def answer(**parts: object) -> Handler:
    async def page(_: web.Request) -> web.Response:
        return web.Response(**parts)

    return page


def redirect(target: str, status: int = 302) -> Handler:
    return answer(status=status, headers={"Location": target})


async def test_gives_a_public_page(net: Net) -> None:
    net.pages["/"] = answer(body=b"hello", content_type="text/html", charset="utf-8")
    page = await HttpFetcher(lookup=net.look_up).fetch(net.url("/#part"))
    assert (page.content, page.media_type, page.url) == (b"hello", "text/html", net.url())


async def test_unfolds_gzip(net: Net) -> None:
    folded = gzip.compress(b"hello " * 50_000) + gzip.compress(b"again")
    net.pages["/"] = answer(body=folded, headers={"Content-Encoding": "gzip"})
    page = await HttpFetcher(lookup=net.look_up).fetch(net.url())
    assert page.content == b"hello " * 50_000 + b"again"
    net.pages["/"] = answer(body=zlib.compress(b"hello"), headers={"Content-Encoding": "deflate"})
    assert (await HttpFetcher(lookup=net.look_up).fetch(net.url())).content == b"hello"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_follows_redirects_to_public_pages(net: Net, status: int) -> None:
    net.pages["/"] = redirect("/next?a=1", status)
    net.pages["/next"] = answer(body=b"there")
    page = await HttpFetcher(lookup=net.look_up).fetch(net.url())
    assert (page.content, page.url) == (b"there", net.url("/next?a=1"))


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.0.0.1.",
        "127.1",
        "127.0.1",
        "2130706433",
        "0x7f000001",
        "0x7f.0.0.1",
        "0177.0.0.1",
        "017700000001",
        "127.0.0.0x1",
        "１２７.0.0.1",
        "127。0。0。1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::127.0.0.1]",
        "[2002:7f00:1::]",
        "[fe80::1%25lo]",
        "0.0.0.0",  # noqa: S104 - a host to refuse, not one to listen on
        "0",
        "[::]",
        "169.254.169.254",
        "10.0.0.1",
        "localhost",
        "localhost.",
        "LOCALHOST",
        "inside.test",
        "inside.test.",
    ],
)
async def test_private_addresses_are_refused_however_they_are_written(net: Net, host: str) -> None:
    net.names["inside.test."] = net.names["inside.test"]
    for name in ("localhost", "localhost."):
        net.names[name] = [[SECRET]]
    fetcher = HttpFetcher(lookup=net.look_up)
    with pytest.raises(AddressRefused):
        await fetcher.fetch(net.url(host=host))
    net.pages["/"] = redirect(net.url(host=host))
    with pytest.raises(AddressRefused):
        await fetcher.fetch(net.url())
    assert net.secrets_told == 0


async def test_the_test_net_has_a_secret_to_tell(net: Net) -> None:
    page = await HttpFetcher(lookup=net.look_up, allow_private=True).fetch(net.url(host="inside.test"))
    assert (page.content, net.secrets_told) == (b"secret", 1)


async def test_one_private_address_among_public_ones_is_refused(net: Net) -> None:
    net.pages["/"] = answer(body=b"hello")
    net.names["both.test"] = [[SITE, SECRET]]
    with pytest.raises(AddressRefused):
        await HttpFetcher(lookup=net.look_up).fetch(net.url(host="both.test"))


async def test_a_name_that_changes_its_mind_gains_nothing(net: Net) -> None:
    net.pages["/"] = answer(body=b"hello")
    net.names["rebind.test"] = [[SITE], [SECRET]]
    fetcher = HttpFetcher(lookup=net.look_up)
    assert (await fetcher.fetch(net.url(host="rebind.test"))).content == b"hello"
    assert net.asked == ["rebind.test"]
    with pytest.raises(AddressRefused):
        await fetcher.fetch(net.url(host="rebind.test"))
    assert net.secrets_told == 0


@pytest.mark.parametrize(
    "url",
    [
        "",
        "site.test",
        "//site.test/",
        "ftp://site.test/",
        "file:///etc/passwd",
        "gopher://site.test/",
        "data:text/plain,hi",
        "javascript:alert(1)",
        "http://",
        "http:///path",
        "http://user@site.test/",
        "http://user:word@site.test/",
        "http://:word@site.test/",
        "http://site.test:22/",
        "http://site.test:99999/",
        "http://site.test\\@127.0.0.1/",
        "http://site.test/a b",
        "http://site.test/\r\nHost: x",
        "http://[::1/",
        "http://[@",
        "http://a]@",
        "http://site.test/" + "x" * 2048,
    ],
)
async def test_addresses_of_another_kind_are_refused(net: Net, url: str) -> None:
    with pytest.raises(AddressRefused):
        await HttpFetcher(lookup=net.look_up).fetch(url)
    assert not net.asked


@pytest.mark.parametrize("host", ["w{", "ü{", "...", "a..b"])
@pytest.mark.parametrize("allow_private", [False, True])
async def test_hosts_that_cannot_be_are_refused(net: Net, host: str, *, allow_private: bool) -> None:
    fetcher = HttpFetcher(lookup=net.look_up, allow_private=allow_private)
    with pytest.raises((AddressRefused, PageUnavailable)):
        await fetcher.fetch(net.url(host=host))


@pytest.mark.parametrize(
    "target", ["file:///etc/passwd", "http://[@", "http://site.test:22/", "http://a:b@site.test/"]
)
async def test_redirects_of_another_kind_are_refused(net: Net, target: str) -> None:
    net.pages["/"] = redirect(target)
    with pytest.raises(AddressRefused):
        await HttpFetcher(lookup=net.look_up).fetch(net.url())


async def test_circles_end(net: Net) -> None:
    visits = 0

    async def again(_: web.Request) -> web.Response:
        nonlocal visits
        visits += 1
        return web.Response(status=302, headers={"Location": "/"})

    net.pages["/"] = again
    with pytest.raises(PageUnavailable, match="3 times"):
        await HttpFetcher(lookup=net.look_up, redirects_max=3).fetch(net.url())
    assert visits == 4


@pytest.mark.parametrize("told", [True, False])
async def test_large_pages_are_refused(net: Net, told: bool) -> None:
    async def large(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        if told:
            response.content_length = 1001
        await response.prepare(request)
        await response.write(bytes(1001))
        return response

    net.pages["/"] = large
    fetcher = HttpFetcher(lookup=net.look_up, bytes_max=1000)
    with pytest.raises(PageTooLarge, match="1000"):
        await fetcher.fetch(net.url())
    net.pages["/"] = answer(body=bytes(1000))
    assert len((await fetcher.fetch(net.url())).content) == 1000


async def test_a_gzip_bomb_stops_at_the_limit(net: Net) -> None:
    folder = zlib.compressobj(9, wbits=31)
    folded = b"".join(folder.compress(bytes(1_000_000)) for _ in range(200)) + folder.flush()
    assert len(folded) < 300_000
    net.pages["/"] = answer(body=folded, headers={"Content-Encoding": "gzip"})
    tracemalloc.start()
    with pytest.raises(PageTooLarge):
        await HttpFetcher(lookup=net.look_up, bytes_max=1_000_000).fetch(net.url())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10_000_000


@pytest.mark.parametrize(
    "body", [b"no gzip", gzip.compress(b"hello" * 100)[:-9]], ids=["no gzip", "cut short"]
)
async def test_damaged_gzip_is_told(net: Net, body: bytes) -> None:
    net.pages["/"] = answer(body=body, headers={"Content-Encoding": "gzip"})
    with pytest.raises(PageUnavailable):
        await HttpFetcher(lookup=net.look_up).fetch(net.url())


@pytest.mark.parametrize("status", [400, 404, 500, 503, 304])
async def test_errors_of_the_server_are_told(net: Net, status: int) -> None:
    net.pages["/"] = answer(status=status)
    with pytest.raises(PageUnavailable, match=str(status)):
        await HttpFetcher(lookup=net.look_up).fetch(net.url())


async def test_a_server_that_never_ends_is_left(net: Net) -> None:
    async def drip(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b"x")
            await asyncio.sleep(0.02)

    net.pages["/"] = drip
    with pytest.raises(PageUnavailable, match=r"0\.2 s"):
        await HttpFetcher(lookup=net.look_up, seconds_max=0.2).fetch(net.url())


async def test_a_name_without_an_address_is_told() -> None:
    async def nowhere(_: str, __: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    async def empty(_: str, __: int) -> list[str]:
        return []

    for lookup in (nowhere, empty):
        with pytest.raises(PageMissing):
            await HttpFetcher(lookup=lookup).fetch("http://nowhere.test/")


def certified(folder: Path, name: str, *, days: int) -> ssl.SSLContext:
    """Give a server's side of TLS, with a certificate that it signed itself and that ends in some days."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(days=9)).not_valid_after(now + timedelta(days=days))
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    file = folder / "certificate.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(private + builder.sign(key, SHA256()).public_bytes(Encoding.PEM))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(file)
    return context


@pytest.mark.parametrize(
    ("name", "days", "told"),
    [
        ("site.test", 9, "self-signed certificate"),
        ("site.test", -1, "certificate has expired"),
        ("other.test", 9, "Hostname mismatch"),
    ],
)
async def test_a_certificate_that_is_not_valid_is_told(
    net: Net, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, days: int, told: str
) -> None:
    context = certified(tmp_path, name, days=days)
    if "self-signed" not in told:
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
        monkeypatch.setattr(connector, "_SSL_CONTEXT_VERIFIED", ssl.create_default_context())
    server = await asyncio.start_server(lambda _, writer: writer.close(), SITE, ssl=context)
    port = server.sockets[0].getsockname()[1]
    monkeypatch.setattr(http, "_PORTS", frozenset({port}))
    async with server:
        with pytest.raises(PageUnavailable, match=told):
            await HttpFetcher(lookup=net.look_up).fetch(f"https://site.test:{port}/")


async def test_a_server_without_tls_is_told(net: Net) -> None:
    with pytest.raises(PageUnavailable, match="http://"):
        await HttpFetcher(lookup=net.look_up).fetch(net.url().replace("http:", "https:"))


async def test_a_late_fetcher_is_made_with_its_first_page_and_once(net: Net) -> None:
    net.pages["/"] = answer(body=b"hello")
    made: list[HttpFetcher] = []

    def make() -> HttpFetcher:
        made.append(HttpFetcher(lookup=net.look_up))
        return made[-1]

    late = LateFetcher(make)
    assert made == []
    pages = await asyncio.gather(*(late.fetch(net.url()) for _ in range(3)))
    assert [page.content for page in pages] == [b"hello"] * 3
    assert len(made) == 1
    with pytest.raises(AddressRefused):
        await late.fetch("http://127.0.0.1/")
    await late.close()
    await LateFetcher(make).close()
    assert len(made) == 1


async def test_a_form_is_sent_and_no_redirect_followed(net: Net) -> None:
    async def told(request: web.Request) -> web.Response:
        form = await request.post()
        return web.json_response({**form, "who": request.headers["Authorization"]})

    net.pages["/token"] = told
    net.pages["/away"] = redirect("/token", 307)
    fetcher = HttpFetcher(lookup=net.look_up)
    page = await fetcher.post(net.url("/token"), {"code": "a&b=ü"}, {"Authorization": "Basic x"})
    assert page.media_type == "application/json"
    assert json.loads(page.content) == {"code": "a&b=ü", "who": "Basic x"}
    for each in (fetcher, LateFetcher(lambda: fetcher)):
        with pytest.raises(PageUnavailable, match="status 307"):
            await each.post(net.url("/away"), {}, {})
    with pytest.raises(AddressRefused):
        await fetcher.post(net.url("/", "inside.test"), {}, {})
    assert net.secrets_told == 0
