"""Every parser behind ports.parsers."""

import asyncio
import datetime as dt
import importlib.util
import io
import json
import os
import stat
import zipfile
from collections.abc import AsyncIterator
from email.message import EmailMessage

import docx
import openpyxl
import pptx
import psutil
import pytest
import pytest_asyncio
from PIL import Image, ImageDraw, ImageFont
from pptx.util import Inches
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.platypus import PageBreak, Paragraph, SimpleDocTemplate, Table

from mainstay.engines.parsers.kreuzberg import KreuzbergParser
from mainstay.ports.parsers import FileKindUnsupported, FileTooLarge, FileUnreadable, ParserUnavailable

pytestmark = pytest.mark.asyncio(loop_scope="module")
STYLES = getSampleStyleSheet()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def parser() -> AsyncIterator[KreuzbergParser]:
    made = KreuzbergParser(processes=1, seconds_max=20)
    yield made
    await made.close()


def pdf(*parts: object, encrypt: object = None) -> bytes:
    file = io.BytesIO()
    SimpleDocTemplate(file, pagesize=A4, title="Annual report", author="Ada", encrypt=encrypt).build(
        list(parts)
    )
    return file.getvalue()


def zipped(members: dict[str, bytes], content: bytes | None = None) -> bytes:
    """Make a ZIP, or add members to one."""
    file = io.BytesIO(content or b"")
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive:
        for name, inside in members.items():
            archive.writestr(name, inside)
    return file.getvalue()


def word() -> bytes:
    document = docx.Document()
    document.core_properties.title = "Handbook"
    document.core_properties.author = "Ada"
    document.add_heading("Leave", 1)
    document.add_paragraph("Everybody has 25 days.")
    document.add_heading("Sick leave", 2)
    table = document.add_table(rows=2, cols=2)
    for place, text in (((0, 0), "Key"), ((0, 1), "Value|x"), ((1, 0), "a"), ((1, 1), "2")):
        table.cell(*place).text = text
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


def sheet(rows: list[list[object]]) -> bytes:
    book = openpyxl.Workbook()
    book.active.title = "People"
    for row in rows:
        book.active.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


async def test_pdf_has_headings_and_tables_with_and_without_rules(parser: KreuzbergParser) -> None:
    grid = [("GRID", (0, 0), (-1, -1), 0.5, colors.black)]
    sales = Table([["Region", "Sales"], ["North", "1,200"], ["South", "900"]], style=grid)
    stock = Table([["Name", "Qty", "Price"], ["Bolt", "10", "1.50"], ["Nut", "20", "0.75"]])
    long = "The year was good for all of us. " * 20
    parsed = await parser.parse(
        pdf(
            Paragraph("Overview", STYLES["Heading1"]),
            Paragraph(long, STYLES["BodyText"]),
            Paragraph("Sales by region", STYLES["Heading2"]),
            sales,
            Paragraph("After the table.", STYLES["BodyText"]),
            PageBreak(),
            Paragraph("Parts", STYLES["Heading1"]),
            stock,
            Paragraph("The end.", STYLES["BodyText"]),
        ),
        "report.pdf",
        "application/pdf",
    )
    assert parsed.text.split("\n\n") == [
        "# Overview",
        long.strip(),
        "## Sales by region",
        "| Region | Sales |\n| --- | --- |\n| North | 1,200 |\n| South | 900 |",
        "After the table.",
        "# Parts",
        "| Name | Qty | Price |\n| --- | --- | --- |\n| Bolt | 10 | 1.50 |\n| Nut | 20 | 0.75 |",
        "The end.",
    ]
    assert parsed.title == "Annual report"
    assert parsed.media_type == "application/pdf"
    assert parsed.metadata["page_count"] == 2
    assert parsed.metadata["author"] == "Ada"


async def test_docx(parser: KreuzbergParser) -> None:
    parsed = await parser.parse(word(), "handbook.docx")
    for part in (
        "# Leave\n",
        "Everybody has 25 days.",
        "## Sick leave",
        "| Key | Value\\|x |\n| --- | --- |\n| a | 2 |",
    ):
        assert part in parsed.text
    assert parsed.title == "Handbook"
    assert parsed.metadata["authors"] == ["Ada"]


async def test_pptx(parser: KreuzbergParser) -> None:
    deck = pptx.Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[1])
    slide.shapes.title.text = "Plan"
    slide.placeholders[1].text = "Ship it\nTest it"
    slide = deck.slides.add_slide(deck.slide_layouts[5])
    slide.shapes.title.text = "Budget"
    table = slide.shapes.add_table(2, 2, Inches(1), Inches(2), Inches(4), Inches(1)).table
    for place, text in (((0, 0), "Item"), ((0, 1), "Cost"), ((1, 0), "Desk"), ((1, 1), "300")):
        table.cell(*place).text = text
    file = io.BytesIO()
    deck.save(file)
    parsed = await parser.parse(file.getvalue(), "deck.pptx")
    for part in (
        "## Plan",
        "Ship it",
        "Test it",
        "## Budget",
        "| Item | Cost |\n| --- | --- |\n| Desk | 300 |",
    ):
        assert part in parsed.text


async def test_xlsx(parser: KreuzbergParser) -> None:
    content = sheet([["Name", "Age", "Since"], ["Ann", 41, dt.date(2020, 1, 2)], ["Bob|x", 3.5, None]])
    parsed = await parser.parse(content, "people.xlsx")
    assert "## People" in parsed.text
    assert "| Ann | 41 | 2020-01-02" in parsed.text
    assert "| Bob\\|x | 3.5 |" in parsed.text
    assert parsed.metadata["sheet_names"] == ["People"]


async def test_html_without_scripts_styles_and_navigation(parser: KreuzbergParser) -> None:
    page = (
        "<!doctype html><html><head><title>My &amp; page</title><script>alert('s')</script>"
        "<style>p{color:red}</style></head><body><nav><a href=/>Home</a></nav><h1>Main</h1>"
        "<p>Hello <b>wörld</b> &amp; all.</p><script>more()</script><table><tr><th>A</th><th>B</th></tr>"
        "<tr><td>1</td><td>2</td></tr></table><ul><li>one<li>two</ul></body></html>"
    )
    parsed = await parser.parse(page.encode(), "page.html", "text/html; charset=utf-8")
    assert parsed.title == "My & page"
    for part in ("# Main", "Hello **wörld** & all.", "| A | B |\n| --- | --- |\n| 1 | 2 |", "- one\n- two"):
        assert part in parsed.text
    for part in ("alert", "more()", "color", "Home", "title"):
        assert part not in parsed.text


async def test_html_in_the_encoding_it_tells(parser: KreuzbergParser) -> None:
    page = "<html><head><meta charset='iso-8859-2'></head><body><p>Łódź</p></body></html>"
    assert (await parser.parse(page.encode("iso-8859-2"), "")).text.strip() == "Łódź"


async def test_markdown_is_kept_as_it_is(parser: KreuzbergParser) -> None:
    text = "# A\r\n\r\n* b  \n\n```\n<x>\n```\n"
    parsed = await parser.parse(text.encode(), "a.md")
    assert (parsed.text, parsed.media_type, parsed.warnings) == (text, "text/markdown", ())


@pytest.mark.parametrize(
    ("encoding", "warned"),
    [
        ("utf-8", 0),
        ("utf-8-sig", 0),
        ("utf-16", 0),
        ("utf-16-le", 0),
        ("utf-16-be", 0),
        ("utf-32", 0),
        ("latin-1", 1),
        ("cp1252", 1),
    ],
)
async def test_text_in_many_encodings(parser: KreuzbergParser, encoding: str, warned: int) -> None:
    text = "Größe: a long line of plain text, señor.\nSecond line.\n"
    parsed = await parser.parse(text.encode(encoding), "a.txt", "text/plain")
    assert parsed.text == text
    assert len(parsed.warnings) == warned


async def test_text_in_no_single_encoding_is_read_and_said_so(parser: KreuzbergParser) -> None:
    parsed = await parser.parse("Größe\n".encode() + "señor \x81\n".encode("latin-1"), "a.txt")
    assert parsed.text == "Größe\nseñor \ufffd\n"
    assert "mixes encodings" in parsed.warnings[0]


async def test_long_text_is_read_in_the_child(parser: KreuzbergParser) -> None:
    text = "One line of text.\n" * 100_000
    assert (await parser.parse(text.encode(), "a.txt")).text == text


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
async def test_csv_becomes_a_table(parser: KreuzbergParser, delimiter: str) -> None:
    rows = [["name", "age"], [f'"Ann{delimiter} B"', "3"], ["Bob|x", "4", "more"]]
    content = "\r\n".join(delimiter.join(row) for row in rows)
    parsed = await parser.parse(content.encode(), "a.csv")
    shown = f"Ann{delimiter} B".replace("\t", "")
    assert (
        parsed.text == f"| name | age |  |\n| --- | --- | --- |\n| {shown} | 3 |  |\n| Bob\\|x | 4 | more |"
    )


async def test_a_long_csv_comes_in_parts_with_the_header(parser: KreuzbergParser) -> None:
    content = "k,v\n" + "".join(f"{number},x\n" for number in range(1200))
    parts = (await parser.parse(content.encode(), "a.csv")).text.split("\n\n")
    assert [len(part.splitlines()) for part in parts] == [502, 502, 202]
    assert all(part.startswith("| k | v |\n| --- | --- |\n") for part in parts)


async def test_json_becomes_readable_lines(parser: KreuzbergParser) -> None:
    value = [{"name": "Ann", "at": {"city": "Łódź", "zip": None}, "tags": ["a", 2]}, {"list": [{"x": True}]}]
    parsed = await parser.parse(json.dumps(value).encode(), "a.json")
    assert parsed.text == "name: Ann\nat.city: Łódź\ntags: a, 2\n\nlist[1].x: true"
    lines = "\n".join(json.dumps(record) for record in value)
    assert (await parser.parse(lines.encode(), "a.jsonl")).text == parsed.text


async def test_email(parser: KreuzbergParser) -> None:
    message = EmailMessage()
    for header, text in (("Subject", "Grüße"), ("From", "Ann <ann@x.org>"), ("To", "bob@x.org")):
        message[header] = text
    message["Date"] = "Mon, 02 Nov 2026 10:00:00 +0100"
    message.set_content("Hello Bob,\n\nsee the file.\n")
    message.add_alternative("<p>Hello <b>Bob</b></p>", subtype="html")
    message.add_attachment(b"%PDF-1.4", maintype="application", subtype="pdf", filename="report.pdf")
    parsed = await parser.parse(bytes(message), "a.eml", "message/rfc822")
    assert parsed.title == "Grüße"
    assert "Hello Bob,\n\nsee the file." in parsed.text
    assert parsed.metadata["from"] == "Ann <ann@x.org>"
    assert parsed.metadata["to"] == "bob@x.org"
    assert parsed.metadata["date"] == "Mon, 02 Nov 2026 10:00:00 +0100"
    assert parsed.metadata["attachments"] == ["report.pdf"]


def book() -> bytes:
    page = '<html xmlns="http://www.w3.org/1999/xhtml"><head><title>x</title></head><body>{}</body></html>'
    opf = (
        '<package xmlns="http://www.idpf.org/2007/opf" version="3.0"><metadata '
        'xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>Book</dc:title><dc:creator>Ann</dc:creator>'
        '</metadata><manifest><item id="b" href="b.xhtml" media-type="application/xhtml+xml"/>'
        '<item id="a" href="a.xhtml" media-type="application/xhtml+xml"/></manifest>'
        '<spine><itemref idref="a"/><itemref idref="b"/></spine></package>'
    )
    container = (
        '<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
        '<rootfile full-path="c.opf" media-type="application/oebps-package+xml"/></rootfiles></container>'
    )
    return zipped(
        {
            "mimetype": b"application/epub+zip",
            "META-INF/container.xml": container.encode(),
            "c.opf": opf.encode(),
            "a.xhtml": page.format("<h1>First</h1><p>One.</p>").encode(),
            "b.xhtml": page.format("<h1>Second</h1><p>Two.</p>").encode(),
        }
    )


async def test_epub_in_the_order_of_its_spine(parser: KreuzbergParser) -> None:
    parsed = await parser.parse(book(), "book.epub")
    assert parsed.title == "Book"
    assert parsed.text.split() == ["#", "First", "One.", "#", "Second", "Two."]


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


def picture() -> Image.Image:
    image = Image.new("RGB", (900, 220), "white")
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(48)
    draw.text((20, 20), "Invoice number 4711", fill="black", font=font)
    draw.text((20, 110), "Total 99.50 EUR", fill="black", font=font)
    return image


def saved(image: Image.Image, kind: str) -> bytes:
    file = io.BytesIO()
    image.save(file, kind)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "PDF"])
async def test_images_need_the_extra(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    parser = KreuzbergParser()
    failure = FileUnreadable if kind == "PDF" else FileKindUnsupported
    with pytest.raises(failure, match=r"mainstay\[ocr\]"):
        await parser.parse(saved(picture(), kind), f"a.{kind.lower()}")
    await parser.close()


@pytest.mark.parametrize("kind", ["PNG", "PDF"])
async def test_images_are_read_with_the_extra(parser: KreuzbergParser, kind: str) -> None:
    if importlib.util.find_spec("rapidocr") is None:
        if os.environ.get("MAINSTAY_REQUIRE_SERVICES") == "1":
            pytest.fail("the extra ocr is not installed")
        pytest.skip("the extra ocr is not installed")
    parsed = await parser.parse(saved(picture(), kind), f"a.{kind.lower()}")
    assert parsed.text.split("\n") == ["Invoice number 4711", "Total 99.50 EUR"]
    assert "recognised" in parsed.warnings[0]
    assert (await parser.parse(b"a,b\n1,2", "next.csv")).text.endswith("| 1 | 2 |")


async def test_a_file_over_the_limit_is_refused_before_anything_is_read() -> None:
    parser = KreuzbergParser(file_bytes_max=1000)
    with pytest.raises(FileTooLarge, match="1001 bytes"):
        await parser.parse(bytes(1001), "a.pdf")
    assert not parser._idle


async def test_text_over_the_limit_is_refused() -> None:
    parser = KreuzbergParser(text_characters_max=1000)
    with pytest.raises(FileTooLarge, match="1000"):
        await parser.parse(json.dumps(["x" * 2000]).encode(), "a.json")
    await parser.close()


async def test_a_crash_harms_only_its_own_file() -> None:
    parser = KreuzbergParser(processes=1)
    csv = b"a,b\n1,2"
    await parser.parse(csv, "a.csv")
    (first,) = parser._idle
    first._kill()
    await first._process.wait()
    with pytest.raises(FileUnreadable, match="crashed"):
        await parser.parse(csv, "a.csv")
    assert (await parser.parse(csv, "a.csv")).text
    assert parser._idle[0] is not first
    await parser.close()


async def test_a_file_that_takes_too_long_is_stopped_and_its_child_replaced() -> None:
    parser = KreuzbergParser(processes=1, seconds_max=0.3)
    slow = pdf(*(Paragraph("Many words on a line. " * 100, STYLES["BodyText"]) for _ in range(60)))
    with pytest.raises(FileTooLarge, match=r"0\.3 s"):
        await parser.parse(slow, "a.pdf")
    assert not parser._idle
    assert (await parser.parse(b"a,b\n1,2", "a.csv")).text
    await parser.close()


async def test_a_file_that_takes_too_much_memory_is_stopped() -> None:
    parser = KreuzbergParser(processes=1, memory_mb_max=250)
    rows = json.dumps([[number] for number in range(1_500_000)])
    with pytest.raises(FileTooLarge, match="250 MB"):
        await parser.parse(rows.encode(), "a.json")
    await parser.close()


async def test_children_are_reused_and_end_with_close() -> None:
    parser = KreuzbergParser(processes=2)
    contents = [f"a,b\n{number},2".encode() for number in range(20)]
    parsed = await asyncio.gather(*(parser.parse(content, "a.csv") for content in contents))
    assert [each.text.splitlines()[-1] for each in parsed] == [f"| {number} | 2 |" for number in range(20)]
    children = [child._process.pid for child in parser._idle]
    assert 1 <= len(children) <= 2
    await parser.close()
    assert not any(psutil.pid_exists(child) for child in children)
    with pytest.raises(ParserUnavailable, match="closed"):
        await parser.parse(contents[0], "a.csv")


async def test_a_parse_that_is_given_up_leaves_no_child_busy() -> None:
    parser = KreuzbergParser(processes=1)
    await parser.parse(b"a,b\n1,2", "a.csv")
    slow = asyncio.create_task(parser.parse(json.dumps([[1]] * 1_000_000).encode(), "a.json"))
    while parser._idle:
        await asyncio.sleep(0)
    slow.cancel()
    with pytest.raises(asyncio.CancelledError):
        await slow
    assert not parser._idle
    assert (await parser.parse(b"a,b\n1,2", "a.csv")).text
    await parser.close()
