"""What only the mailer over SMTP promises: TLS, logins, refusals for now and for good, and limits of time."""

import asyncio
from pathlib import Path
from urllib.parse import quote

import pytest
from mail_servers import PASSWORD, USER, mail_server, scripted_server, server_tls

from mainstay.app import engines
from mainstay.app.placement import SettingsContradict
from mainstay.app.settings import Settings
from mainstay.engines.mailers import addresses
from mainstay.engines.mailers.addresses import AddressUnusable, MailServer
from mainstay.engines.mailers.folder import FolderMailer
from mainstay.engines.mailers.letters import Letters
from mainstay.engines.mailers.smtp import SmtpMailer
from mainstay.kit.random import SystemRandom
from mainstay.ports.mailers import Mail, MailRefused, MailUnavailable
from makers import FrozenClock

LETTERS = Letters("no-reply@example.com", FrozenClock(), SystemRandom())
MAIL = Mail("jane@example.com", "Your invitation", "code=1")
LOGIN = f"{quote(USER, safe='')}:{quote(PASSWORD, safe='')}"


@pytest.mark.parametrize(("scheme", "option"), [("smtp", "?starttls=yes"), ("smtps", "")])
async def test_a_mail_goes_by_tls_and_login(tmp_path: Path, scheme: str, option: str) -> None:
    serving, trusting = server_tls(tmp_path)
    async with mail_server(tls=serving, implicit=scheme == "smtps", login=True) as box:
        server = addresses.mail_server(f"{scheme}://{LOGIN}@127.0.0.1:{box.port}{option}")
        await SmtpMailer(server, LETTERS, trusted=trusting).send(MAIL)
    assert box.logins == [(USER.encode(), PASSWORD.encode())]
    ((sender, to, _),) = box.taken
    assert (sender, to, box.was_secure) == ("no-reply@example.com", ["jane@example.com"], [True])


@pytest.mark.parametrize("implicit", [True, False])
@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2"])
async def test_a_certificate_that_nobody_signed_or_of_another_host_gets_no_password(
    tmp_path: Path, host: str, implicit: bool
) -> None:
    serving, trusting = server_tls(tmp_path, host)
    trusted = trusting if host == "127.0.0.2" else None  # for the system, nobody signed it
    async with mail_server(tls=serving, implicit=implicit, login=True) as box:
        server = MailServer("127.0.0.1", box.port, "tls" if implicit else "starttls", USER, PASSWORD)
        with pytest.raises(MailUnavailable):
            await SmtpMailer(server, LETTERS, trusted=trusted).send(MAIL)
    assert (box.logins, box.taken) == ([], [])


async def test_a_server_without_starttls_gets_neither_password_nor_mail() -> None:
    async with mail_server(login=True) as box:
        server = MailServer("127.0.0.1", box.port, "starttls", USER, PASSWORD)
        with pytest.raises(MailUnavailable):
            await SmtpMailer(server, LETTERS).send(MAIL)
    assert (box.logins, box.taken) == ([], [])


async def test_what_is_said_before_tls_is_not_believed(tmp_path: Path) -> None:
    """An attacker on the way puts an answer behind that to STARTTLS, where plain text ends."""
    injected = b"220 go\r\n250-mail.example.com\r\n250 AUTH PLAIN\r\n"
    async with scripted_server(b"220 hi\r\n", b"250-x\r\n250 STARTTLS\r\n", injected) as port:
        server = MailServer("127.0.0.1", port, "starttls", USER, PASSWORD)
        with pytest.raises(MailUnavailable):
            await SmtpMailer(server, LETTERS, seconds_max=1).send(MAIL)


async def test_a_wrong_password_is_told_to_the_operator_without_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    serving, trusting = server_tls(tmp_path)
    async with mail_server(tls=serving, login=True) as box:
        server = MailServer("127.0.0.1", box.port, "starttls", USER, "not-the-password")
        with pytest.raises(MailUnavailable) as told:
            await SmtpMailer(server, LETTERS, trusted=trusting).send(MAIL)
    (warning,) = [each.getMessage() for each in caplog.records if each.name == "mainstay.mail"]
    assert "SMTPAuthenticationError, 535" in warning
    for text in (warning, told.value.detail, repr(server)):
        assert "not-the-password" not in text


@pytest.mark.parametrize(
    ("step", "answer", "failure"),
    [
        ("RCPT", "450 4.2.0 greylisted", MailUnavailable),
        ("RCPT", "550 5.1.1 no such user", MailRefused),
        ("DATA", "451 4.7.1 try again", MailUnavailable),
        ("DATA", "554 5.7.1 looks like spam", MailRefused),
        ("MAIL", "421 4.7.0 too many mails", MailUnavailable),
        ("MAIL", "550 5.7.1 you may not send as this", MailUnavailable),
    ],
)
async def test_refusals_for_now_are_not_refusals_for_good(
    step: str, answer: str, failure: type[MailUnavailable | MailRefused], caplog: pytest.LogCaptureFixture
) -> None:
    async with mail_server() as box:
        mailer = SmtpMailer(MailServer("127.0.0.1", box.port, "none"), LETTERS)
        box.answers[step] = answer
        with pytest.raises(failure) as told:
            await mailer.send(MAIL)
        assert box.taken == []
        assert (told.value.retry_after_s is not None) == (failure is MailUnavailable)
        (warning,) = [each.getMessage() for each in caplog.records if each.name == "mainstay.mail"]
        assert answer[:3] in warning
        assert MAIL.to not in warning + told.value.detail
        box.answers.clear()
        await mailer.send(MAIL)
        assert len(box.taken) == 1


async def test_an_address_beyond_ascii_is_refused_where_the_server_knows_none() -> None:
    async with mail_server(utf8=False) as box:
        mailer = SmtpMailer(MailServer("127.0.0.1", box.port, "none"), LETTERS)
        with pytest.raises(MailRefused):
            await mailer.send(Mail("jürgen@example.com", "subject", "text"))
        await mailer.send(Mail("jane@bücher.example", "Grüße", "text"))
    assert [to for _, to, _ in box.taken] == [["jane@xn--bcher-kva.example"]]


@pytest.mark.parametrize(
    "answers",
    [
        (),
        (b"220 hi\r\n",),
        (b"220 hi\r\n", b"250 x\r\n", b"250 ok\r\n", b"250 ok\r\n"),
        (b"nonsense\r\n",),
        (b"220 hi\r\n", b"250 " + b"x" * 100_000 + b"\r\n"),
        (b"554 go away\r\n",),
    ],
)
async def test_a_server_that_stalls_or_babbles_is_given_up(answers: tuple[bytes, ...]) -> None:
    async with scripted_server(*answers) as port, asyncio.timeout(5):
        mailer = SmtpMailer(MailServer("127.0.0.1", port, "none"), LETTERS, seconds_max=0.3)
        with pytest.raises(MailUnavailable):
            await mailer.send(MAIL)


async def test_a_mail_that_was_taken_is_sent_though_the_goodbye_is_not_answered() -> None:
    answers = (b"220 hi\r\n", b"250 x\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n")
    taken = asyncio.Event()

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in answers:
            writer.write(answer)
            await reader.readline()
        await reader.readuntil(b"\r\n.\r\n")
        taken.set()
        writer.write(b"250 taken\r\n")
        await reader.readline()
        writer.close()

    async with await asyncio.start_server(speak, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        await SmtpMailer(MailServer("127.0.0.1", port, "none"), LETTERS).send(MAIL)
    assert taken.is_set()


async def test_no_server_is_told(unused_tcp_port: int) -> None:
    with pytest.raises(MailUnavailable):
        await SmtpMailer(MailServer("127.0.0.1", unused_tcp_port, "none"), LETTERS).send(MAIL)


async def test_many_mails_go_a_few_at_a_time_and_all_arrive() -> None:
    async with mail_server() as box:
        mailer = SmtpMailer(MailServer("127.0.0.1", box.port, "none"), LETTERS)
        await asyncio.gather(*(mailer.send(Mail("jane@example.com", str(n), "text")) for n in range(50)))
    assert sorted(int(message["Subject"]) for _, _, message in box.taken) == list(range(50))


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://mail.example.com", MailServer("mail.example.com", 587, "starttls")),
        ("smtps://mail.example.com/", MailServer("mail.example.com", 465, "tls")),
        ("smtp://u:p%40%2F@mail.example.com:25", MailServer("mail.example.com", 25, "starttls", "u", "p@/")),
        ("smtp://mail.example.com?starttls=no", MailServer("mail.example.com", 587, "none")),
        ("smtp://localhost:1025", MailServer("localhost", 1025, "none")),
        ("smtp://[::1]:1025", MailServer("::1", 1025, "none")),
        ("smtp://u:p@127.0.0.1?starttls=yes", MailServer("127.0.0.1", 587, "starttls", "u", "p")),
    ],
)
def test_addresses_of_servers_are_read(url: str, expected: MailServer) -> None:
    assert addresses.mail_server(url) == expected


@pytest.mark.parametrize(
    "url",
    [
        *("", "folders", "http://mail.example.com", "smtp://", "smtp://:s3cret@host", "smtp://user@host"),
        *("smtp://user:s3cret@host:99999", "smtp://user:s3cret@host:x", "smtp://user:s3c/ret@host"),
        *("smtp://user:s3cret@host?starttls=no", "smtp://host?starttls=maybe", "smtp://host?tls=no"),
        *(
            "smtps://host?starttls=no",
            "smtp://user:s3cret#@host",
            "smtp://ho st",
            "smtp://[host",
            "smtp://h\nost",
        ),
    ],
)
def test_addresses_that_are_none_are_told_without_the_password(url: str, tmp_path: Path) -> None:
    with pytest.raises(AddressUnusable):
        addresses.mail_server(url)
    settings = Settings(data=tmp_path, mail=url, mail_from="a@example.com")  # type: ignore[arg-type] # as given
    with pytest.raises(SettingsContradict, match="MAINSTAY_MAIL ") as told:
        engines.mailer(settings, FrozenClock(), SystemRandom())
    assert "s3c" not in f"{told.value}{settings!r}"


def test_settings_pick_the_mailer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def picked() -> object:
        return engines.mailer(Settings(data=tmp_path), FrozenClock(), SystemRandom())

    assert isinstance(picked(), FolderMailer)
    monkeypatch.setenv("MAINSTAY_MAIL", "smtp://u:p@mail.example.com")
    with pytest.raises(SettingsContradict, match="MAINSTAY_MAIL_FROM"):
        picked()
    monkeypatch.setenv("MAINSTAY_MAIL_FROM", "Mainstay")
    with pytest.raises(SettingsContradict, match="MAINSTAY_MAIL_FROM"):
        picked()
    monkeypatch.setenv("MAINSTAY_MAIL_FROM", "Mainstay <no-reply@example.com>")
    assert isinstance(picked(), SmtpMailer)
    assert not (tmp_path / "mail").exists()
