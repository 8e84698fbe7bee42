"""One suite for every mailer: what a mail looks like when it arrives, and what is no mail."""

import logging
from collections.abc import AsyncIterator, Callable
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTPUTF8
from pathlib import Path

import pytest
from mail_servers import mail_server

from mainstay.engines.mailers.addresses import MailServer
from mainstay.engines.mailers.folder import FolderMailer
from mainstay.engines.mailers.letters import Letters
from mainstay.engines.mailers.smtp import SmtpMailer
from mainstay.kit.random import SystemRandom
from mainstay.ports.mailers import Mail, Mailer, MailRefused, MailUnavailable
from makers import FrozenClock

Arrived = Callable[[], list[EmailMessage]]
SENDER = "Mainstay Café <no-reply@example.com>"
THE_TEST_SERVERS_OWN_LOG = "mail.log"
LETTERS = Letters(SENDER, FrozenClock(), SystemRandom())
MAIL = Mail("jane@example.com", "Your invitation", "Follow https://example.com/i?code=1\n")


def written(folder: Path) -> list[EmailMessage]:
    return [
        message_from_bytes(path.read_bytes(), _class=EmailMessage, policy=SMTPUTF8)
        for path in sorted(folder.glob("*.eml"))
    ]


def raw(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.glob("*.eml"))


@pytest.fixture(params=["folder", "smtp"])
async def mailer(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[tuple[Mailer, Arrived]]:
    if request.param == "folder":
        made = FolderMailer(tmp_path / "mail", LETTERS, FrozenClock(), SystemRandom())
        yield made, lambda: written(tmp_path / "mail")
        await made.close()
        return
    async with mail_server() as box:
        sending = SmtpMailer(MailServer("127.0.0.1", box.port, "none"), LETTERS)
        yield sending, lambda: [message for _, _, message in box.taken]
        await sending.close()


def text_of(message: EmailMessage, kind: str) -> str:
    body = message.get_body((kind,))
    assert body is not None
    return str(body.get_content())


async def test_a_mail_arrives_whole(mailer: tuple[Mailer, Arrived]) -> None:
    send, arrived = mailer[0].send, mailer[1]
    await send(MAIL)
    await send(Mail("jane@example.com", "Both", "text ü", "<p>html ü</p>"))
    first, second = sorted(arrived(), key=lambda message: message["Subject"], reverse=True)
    assert (first["To"], first["From"], first["Subject"]) == (MAIL.to, SENDER, MAIL.subject)
    assert first["Date"].datetime.timestamp() == 1_790_000_000
    assert first["Message-ID"] != second["Message-ID"]
    assert first["Auto-Submitted"] == "auto-generated"
    assert text_of(first, "plain").replace("\r\n", "\n") == MAIL.text
    assert text_of(second, "plain").strip() == "text ü"
    assert text_of(second, "html").strip() == "<p>html ü</p>"


@pytest.mark.parametrize("word", ["operator", "Zürich"])
async def test_a_link_is_one_line_of_the_file(tmp_path: Path, word: str) -> None:
    link = f"https://ai.example.com/account/accept?code=msc_{'x' * 49}&more={'y' * 800}"
    mailer = FolderMailer(tmp_path, LETTERS, FrozenClock(), SystemRandom())
    await mailer.send(Mail("jane@example.com", "subject", f"{word}:\n{link}\n", f"<p>{word}\n{link}\n</p>"))
    content = raw(tmp_path)
    assert content.split(b"\r\n").count(link.encode()) == 2
    assert word.encode() in content
    assert text_of(written(tmp_path)[0], "plain").replace("\r\n", "\n") == f"{word}:\n{link}\n"


@pytest.mark.parametrize(
    ("to", "subject", "arrives_to"),
    [
        ("jane@example.com", "Einladung für Jürgen 🦊 " + "lang " * 60, "jane@example.com"),
        ("jane+a.b@bücher.example", "Ü", "jane+a.b@xn--bcher-kva.example"),
        ("jürgen@example.com", "plain", "jürgen@example.com"),
        ("o'hara=x/y@sub.example.com", "a=?b", "o'hara=x/y@sub.example.com"),
    ],
)
async def test_letters_of_the_world_arrive(
    mailer: tuple[Mailer, Arrived], to: str, subject: str, arrives_to: str
) -> None:
    await mailer[0].send(Mail(to, subject, "text"))
    (message,) = mailer[1]()
    seen: str = message["To"].addresses[0].addr_spec
    assert (
        seen.encode(errors="surrogateescape").decode() == arrives_to
    )  # the parser keeps bytes as surrogates
    assert " ".join(str(message["Subject"]).split()) == subject.strip()


@pytest.mark.parametrize(
    "to",
    [
        *(
            "",
            "jane",
            "@example.com",
            "jane@",
            "jane@@example.com",
            "jane @example.com",
            "Jane <jane@example.com>",
        ),
        *(
            "jane@example.com, joe@example.com",
            "jane@example.com;joe@x.io",
            '"jane"@example.com',
            "jane@[127.0.0.1]",
        ),
        *(
            "jane@example.com\r\nBcc: joe@example.com",
            "jane@example.com\n",
            "jane\0@example.com",
            "ja\ud800ne@x.io",
        ),
        *("jane@example.com\u2028Bcc: joe@example.com", f"{'j' * 65}@example.com", f"jane@{'e' * 250}.com"),
        *("jane@exam..ple.com", "jane@" + "ü" * 60 + ".com", "jane@example.com\x85Bcc:joe@x.io"),
    ],
)
async def test_what_is_no_address_is_refused(mailer: tuple[Mailer, Arrived], to: str) -> None:
    with pytest.raises(MailRefused) as refused:
        await mailer[0].send(Mail(to, "subject", "text"))
    assert not to or to not in refused.value.detail
    assert mailer[1]() == []


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\0", "\x0b", "\x85", "\u2028", "\ud800"])
async def test_no_header_comes_in_by_the_subject(mailer: tuple[Mailer, Arrived], end: str) -> None:
    with pytest.raises(MailRefused):
        await mailer[0].send(Mail("jane@example.com", f"Hello{end}Bcc: joe@example.com", "text"))
    assert mailer[1]() == []


@pytest.mark.parametrize(
    "word", ["=?utf-8?q?a=0D=0ABcc:_joe@example.com?=", "=?utf-8?B?DQpCY2M6IGpvZUB4Lmlv?="]
)
async def test_no_header_comes_in_encoded(mailer: tuple[Mailer, Arrived], word: str) -> None:
    for mail in (Mail("jane@example.com", word, "text"), Mail(f"{word}@example.com", "subject", "text")):
        with pytest.raises(MailRefused):
            await mailer[0].send(mail)
    with pytest.raises(MailRefused):
        Letters(f"{word} <jane@example.com>", FrozenClock(), SystemRandom())
    assert mailer[1]() == []


@pytest.mark.parametrize("text", [".\r\n.\r\nQUIT\r\n", "From here\n.", "x" * 5000, "", "a\rb\0c"])
async def test_a_text_ends_where_it_ends(mailer: tuple[Mailer, Arrived], text: str) -> None:
    await mailer[0].send(Mail("jane@example.com", "subject", text + "\nthe end"))
    (message,) = mailer[1]()
    assert text_of(message, "plain").rstrip().endswith("the end")
    assert list(message.keys()).count("To") == 1


async def test_a_text_that_is_none_is_refused(mailer: tuple[Mailer, Arrived]) -> None:
    with pytest.raises(MailRefused):
        await mailer[0].send(Mail("jane@example.com", "subject", "half \ud800"))


async def test_nothing_of_a_mail_is_logged(
    mailer: tuple[Mailer, Arrived], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        await mailer[0].send(MAIL)
    told = "".join(
        record.getMessage() for record in caplog.records if record.name != THE_TEST_SERVERS_OWN_LOG
    )
    for secret in (MAIL.to, MAIL.subject, "code=1"):
        assert secret not in told


@pytest.mark.parametrize(
    "sender", ["jane", "<>", "Jane\n <jane@example.com>", "jane@example.com, joe@example.com", ""]
)
def test_a_sender_that_is_none_is_refused(sender: str) -> None:
    with pytest.raises(MailRefused):
        Letters(sender, FrozenClock(), SystemRandom())


@pytest.mark.parametrize(
    ("sender", "name"),
    [("a@example.com", ""), ("Jane <a@example.com>", "Jane"), ('"Doe, Jane" <a@example.com>', "Doe, Jane")],
)
def test_a_sender_may_have_a_name(sender: str, name: str) -> None:
    letter = Letters(sender, FrozenClock(), SystemRandom()).letter(MAIL)
    (address,) = message_from_bytes(letter.as_bytes(), _class=EmailMessage, policy=SMTPUTF8)["From"].addresses
    assert (address.display_name, address.addr_spec) == (name, "a@example.com")


async def test_mails_in_the_folder_are_for_its_user_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "mail"
    mailer = FolderMailer(folder, LETTERS, FrozenClock(), SystemRandom())
    with caplog.at_level(logging.INFO, "mainstay.mail"):
        await mailer.send(MAIL)
    (path,) = folder.iterdir()
    assert folder.stat().st_mode & 0o777 == 0o700
    assert path.stat().st_mode & 0o777 == 0o600
    assert caplog.messages == [f"A mail waits in {path}"]


async def test_the_oldest_mails_make_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mainstay.engines.mailers.kept.KEPT_MAX", 3)
    clock = FrozenClock()
    mailer = FolderMailer(tmp_path, Letters(SENDER, clock, SystemRandom()), clock, SystemRandom())
    for number in range(5):
        await mailer.send(Mail("jane@example.com", str(number), "text"))
        clock.move(1)
    assert [message["Subject"] for message in written(tmp_path)] == ["2", "3", "4"]


async def test_old_mails_go_with_the_next(tmp_path: Path) -> None:
    clock = FrozenClock()
    mailer = FolderMailer(tmp_path, Letters(SENDER, clock, SystemRandom()), clock, SystemRandom())
    await mailer.send(Mail("jane@example.com", "old", "text"))
    clock.move(1)
    await mailer.send(Mail("jane@example.com", "not yet", "text"))
    clock.move(30 * 24 * 60 * 60)
    await mailer.send(Mail("jane@example.com", "new", "text"))
    assert [message["Subject"] for message in written(tmp_path)] == ["not yet", "new"]


async def test_mails_are_forgotten_by_whom_they_are_about(tmp_path: Path) -> None:
    folder = FolderMailer(tmp_path, LETTERS, FrozenClock(), SystemRandom())
    jane, joe = "person_jane", "../*/joe"
    for about, subject in ((jane, "1"), (jane, "2"), (joe, "3"), ("", "4")):
        await folder.send(Mail("j@example.com", subject, "text", about=about))
    earlier = SmtpMailer(MailServer("127.0.0.1", 9, "none"), LETTERS, earlier=tmp_path)
    assert [await mailer.forget([jane]) for mailer in (folder, folder, earlier)] == [2, 0, 0]
    assert sorted(message["Subject"] for message in written(tmp_path)) == ["3", "4"]
    assert await earlier.forget([joe, jane]) == 1, "a mail server came later"
    assert [message["Subject"] for message in written(tmp_path)] == ["4"]
    for nothing in (tmp_path / "none", tmp_path / "mail"):
        assert await FolderMailer(nothing, LETTERS, FrozenClock(), SystemRandom()).forget([jane]) == 0
    assert await SmtpMailer(MailServer("127.0.0.1", 9, "none"), LETTERS).forget([jane]) == 0


async def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "mail").write_text("a file")
    mailer = FolderMailer(tmp_path / "mail", LETTERS, FrozenClock(), SystemRandom())
    with pytest.raises(MailUnavailable):
        await mailer.send(MAIL)
