"""Every parser behind ports.parsers: each kind of file becomes its text."""

import datetime as dt
import importlib.util
import io
import json
import os
from email.message import EmailMessage

import docx
import pptx
import pytest
from PIL import Image, ImageDraw, ImageFont
from pptx.util import Inches
from reportlab.lib import colors
from reportlab.platypus import PageBreak, Paragraph, Table

from engines.parser_files import STYLES, pdf, sheet, word, zipped
from mainstay.engines.parsers.kreuzberg import KreuzbergParser
from mainstay.ports.parsers import FileKindUnsupported, FileUnreadable

pytestmark = pytest.mark.asyncio(loop_scope="module")


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


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("Annual report", True),
        ("Editing robots.txt", True),
        ("1984", True),
        ("Word and world", True),
        ("", False),
        (" - ", False),
        ("untitled", False),
        ("Untitled document (2)", False),
        ("Microsoft Word - foo.doc", False),
        ("PowerPoint Presentation", False),
        ("Slide 1", False),
        ("Unbenannt 3", False),
        ("final report v2.docx", False),
        ("C:\\Users\\ann\\paper.dvi", False),
    ],
)
async def test_what_a_program_made_up_is_no_title(parser: KreuzbergParser, told: str, kept: bool) -> None:
    document = docx.Document()
    document.core_properties.title = told
    document.add_paragraph("Everybody has 25 days.")
    file = io.BytesIO()
    document.save(file)
    page = f"<html><head><title>{told}</title></head><body><p>Text.</p></body></html>"
    for name, content in (
        ("a.docx", file.getvalue()),
        ("a.html", page.encode()),
        ("a.pdf", pdf(Paragraph("Text.", STYLES["BodyText"]), title=told)),
    ):
        assert (await parser.parse(content, name)).title == (told if kept else None), name


async def test_metadata_that_says_nothing_about_the_document_is_left_out(parser: KreuzbergParser) -> None:
    text = Paragraph("Text.", STYLES["BodyText"])
    parsed = await parser.parse(pdf(text, title=None, author=None), "a.pdf")
    assert (parsed.title, set(parsed.metadata)) == (None, {"page_count", "created_at"})
    assert dt.datetime.fromisoformat(str(parsed.metadata["created_at"])).year >= 2026
    parsed = await parser.parse(pdf(text, author="Ada", subject="Sales"), "a.pdf")
    assert (parsed.metadata["author"], parsed.metadata["subject"]) == ("Ada", "Sales")
    assert "authors" not in (await parser.parse(sheet([["a"], [1]]), "a.xlsx")).metadata


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
    assert parsed.metadata["date"] == "2026-11-02T10:00:00+01:00"
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
    with pytest.raises(failure, match=r"'\.\[ocr\]'"):
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
