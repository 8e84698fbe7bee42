"""Makers of files for the parsers' suites: a PDF, a ZIP, a Word document, a sheet."""

import io
import zipfile

import docx
import openpyxl
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.platypus import SimpleDocTemplate

STYLES = getSampleStyleSheet()


def pdf(*parts: object, encrypt: object = None, **told: str | None) -> bytes:
    file = io.BytesIO()
    about = {"title": "Annual report", "author": "Ada", **told}
    SimpleDocTemplate(file, pagesize=A4, encrypt=encrypt, **about).build(list(parts))
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
