"""Bad files before every parser: each is refused for what is wrong with it, and the next one is read."""

import io
import stat
import zipfile

import pytest
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.platypus import Paragraph

from engines.parser_files import STYLES, pdf, sheet, word, zipped
from mainstay.engines.parsers.kreuzberg import KreuzbergParser
from mainstay.ports.parsers import FileKindUnsupported, FileTooLarge, FileUnreadable

pytestmark = pytest.mark.asyncio(loop_scope="module")


def linked() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        link = zipfile.ZipInfo("word/document.xml")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    return file.getvalue()


def locked() -> bytes:
    content = bytearray(word())
    entry = content.find(b"PK\x01\x02")
    while entry >= 0:
        content[entry + 8] |= 1
        entry = content.find(b"PK\x01\x02", entry + 1)
    return bytes(content)


def lying() -> bytes:
    """Claim that a member of 20 MB has 10 bytes."""
    content = bytearray(zipped({"word/document.xml": bytes(20_000_000)}))
    entry = content.find(b"PK\x01\x02")
    content[entry + 24 : entry + 28] = (10).to_bytes(4, "little")
    return bytes(content)


def bomb(size: int) -> bytes:
    piece, file = bytes(1_000_000), io.BytesIO()
    with (
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("word/document.xml", "w") as member,
    ):
        for _ in range(size // len(piece)):
            member.write(piece)
    return file.getvalue()


LAUGHS = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;">]><x>&b;</x>'
NO_PAGES = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n"
    b"trailer<</Root 1 0 R>>\n%%EOF"
)
TEXT_PDF = [Paragraph("Hello there.", STYLES["BodyText"])]


@pytest.mark.parametrize(
    ("content", "name", "failure", "words"),
    [
        (b"", "a.pdf", FileUnreadable, "empty"),
        (b" \n\t\n", "a.txt", FileUnreadable, "empty"),
        (NO_PAGES, "a.pdf", FileUnreadable, "no pages"),
        (pdf(*TEXT_PDF)[:-900], "a.pdf", FileUnreadable, "cut short"),
        (b"%PDF-1.4\nnonsense\n%%EOF", "a.pdf", FileUnreadable, "damaged"),
        (pdf(*TEXT_PDF, encrypt=StandardEncryption("secret")), "a.pdf", FileUnreadable, "encrypted"),
        (word()[:-2000], "a.docx", FileUnreadable, "cut short"),
        (locked(), "a.docx", FileUnreadable, "encrypted"),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"),
            "a.doc",
            FileUnreadable,
            "encrypted",
        ),
        (linked(), "a.docx", FileUnreadable, "link"),
        (zipped({"../../etc/x": b"x"}, word()), "a.docx", FileUnreadable, "leads out"),
        (zipped({"word/evil.xml": LAUGHS}, word()), "a.docx", FileUnreadable, "entities"),
        (
            zipped({"word/evil.xml": LAUGHS.decode().encode("utf-16")}, word()),
            "a.docx",
            FileUnreadable,
            "entities",
        ),
        (lying(), "a.docx", FileUnreadable, "damaged"),
        (bomb(100_000_000), "a.docx", FileTooLarge, "times its size"),
        (zipped({f"{number}": b"" for number in range(10_001)}), "a.zip", FileTooLarge, "members"),
        (zipped({"a.txt": b"x"}), "a.pdf", FileUnreadable, "should be a PDF.* are a ZIP"),
        (word(), "a.pdf", FileUnreadable, "should be a PDF.* are a Word"),
        (b"\x7fELF\x02\x01\x01" + bytes(100), "a.txt", FileUnreadable, "should be plain text.* a program"),
        (bytes(range(256)), "a.bin", FileKindUnsupported, "'a.bin' is binary data, .*; send its text"),
        (bytes(range(256)), "a.exe", FileKindUnsupported, "'a.exe' is binary data, .*; send its text"),
        (b"plain words", "a.pdf", FileUnreadable, "should be a PDF.* are plain text"),
        (b"plain words", "a.png", FileUnreadable, "should be a PNG"),
        (bytes(range(256)) * 20, "a.csv", FileUnreadable, "binary"),
        (sheet([["x"] * 10_000] * 2), "a.xlsx", FileTooLarge, "columns"),
        ((",".join(["x"] * 10_000) + "\n").encode(), "a.csv", FileTooLarge, "columns"),
        (b"<html>" + b"<div>" * 100_000 + b"x", "a.html", FileUnreadable, "nested"),
        (b"[" * 100_000, "a.json", FileUnreadable, "nested|valid"),
        (b"[" * 500 + b"1" + b"]" * 500, "a.json", FileUnreadable, "nested"),
        (b'{"a": }', "a.json", FileUnreadable, "not valid JSON"),
        (b'{"a": 1}\n{"a": \n', "a.jsonl", FileUnreadable, "Line 2"),
        (b"Just words, no headers.", "a.eml", FileUnreadable, "e-mail"),
        (zipped({"a.txt": b"x"}), "a.zip", FileKindUnsupported, "unpack"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "a.doc", FileKindUnsupported, "docx"),
        (b"{\\rtf1 hello}", "a.rtf", FileKindUnsupported, "docx"),
    ],
    ids=lambda value: "file" if isinstance(value, bytes) else None,
)
async def test_bad_files_are_told_apart(
    parser: KreuzbergParser, content: bytes, name: str, failure: type[Exception], words: str
) -> None:
    with pytest.raises(failure, match=words):
        await parser.parse(content, name)
    assert (await parser.parse(b"a,b\n1,2", "next.csv")).text.endswith("| 1 | 2 |")


@pytest.mark.parametrize("media_type", ["application/pdf", "image/png", "application/zip"])
async def test_a_media_type_that_lies_is_refused(parser: KreuzbergParser, media_type: str) -> None:
    with pytest.raises(FileUnreadable, match="should be"):
        await parser.parse(b"plain words", "a", media_type)
