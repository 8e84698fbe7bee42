"""Reads XML from strangers: no document type, no entities, no instructions, bounded in every direction."""

import re
from collections.abc import Sequence

from lxml import etree

BYTES_MAX = 256 * 1024
METADATA_BYTES_MAX = 1024 * 1024
DEPTH_MAX = 40
ELEMENTS_MAX = 5000
NAMESPACES_MAX = 100

_DECLARATION = re.compile(r"""\A\s*<\?xml\s[^?>]*\?>""")
_ENCODING = re.compile(r"""encoding\s*=\s*["']([^"']*)["']""")
SAML = "{urn:oasis:names:tc:SAML:2.0:assertion}"
PROTOCOL = "{urn:oasis:names:tc:SAML:2.0:protocol}"
METADATA = "{urn:oasis:names:tc:SAML:2.0:metadata}"
SIGNATURE = "{http://www.w3.org/2000/09/xmldsig#}"
Element = etree._Element  # noqa: SLF001 - the library has no public name for it


class DocumentRefused(Exception):
    """The document is not one that is read here; the text says why."""


def parsed(document: bytes, bytes_max: int = BYTES_MAX) -> Element:
    """Read a document; raises DocumentRefused.

    Comments are left out: whoever puts one into a signed name must not cut the name short.
    """
    if len(document) > bytes_max:
        raise DocumentRefused(f"it is larger than {bytes_max // 1024} KB")
    text = _plain(document)
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise DocumentRefused("it has a document type")
    if "<?" in text:
        raise DocumentRefused("it has processing instructions")
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        huge_tree=False,
        remove_comments=True,
        recover=False,
    )
    try:
        root = etree.fromstring(text.encode(), parser)
    except etree.XMLSyntaxError:
        raise DocumentRefused("it is not well-formed XML") from None
    _bound(root)
    return root


def _plain(document: bytes) -> str:
    """Give the text without its declaration; other encodings could hide what is looked for."""
    try:
        text = document.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise DocumentRefused("it is not in UTF-8") from None
    declared = _DECLARATION.match(text)
    if declared is None:
        return text
    named = _ENCODING.search(declared[0])
    if named is not None and named[1].lower() not in {"utf-8", "utf8", "us-ascii"}:
        raise DocumentRefused("it is not in UTF-8")
    return text[declared.end() :]


def _bound(root: Element) -> None:
    """Refuse what is deep, or has more elements and namespaces than anybody needs."""
    depth, seen, namespaces = 0, 0, set()
    for event, element in etree.iterwalk(root, events=("start", "end", "start-ns")):
        if event == "start-ns":
            namespaces.add(element)
        elif event == "end":
            depth -= 1
        else:
            depth, seen = depth + 1, seen + 1
        if depth > DEPTH_MAX or seen > ELEMENTS_MAX or len(namespaces) > NAMESPACES_MAX:
            raise DocumentRefused("it is too deep, or has too many elements")


def only(parent: Element, tag: str) -> Element:
    """Give the one child of a kind; raises DocumentRefused when there is none, or more."""
    found = parent.findall(tag)
    if len(found) != 1:
        raise DocumentRefused(f"it has {len(found)} elements {_local(tag)} where one belongs")
    return found[0]


def at_most_one(parent: Element, tag: str) -> Element | None:
    """Give the one child of a kind, if there is one; raises DocumentRefused when there are more."""
    return only(parent, tag) if parent.find(tag) is not None else None


def text_of(element: Element | None) -> str:
    """Give all text within an element, without the space around it."""
    return "" if element is None else "".join(str(part) for part in element.itertext()).strip()


def children(parent: Element, allowed: Sequence[str]) -> list[Element]:
    """Give the children; raises DocumentRefused when one is of another kind."""
    found = list(parent)
    for child in found:
        if child.tag not in allowed:
            raise DocumentRefused(f"it has an element {_local(str(child.tag))} where none belongs")
    return found


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]
