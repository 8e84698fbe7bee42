"""Tables that contradict themselves, before any engine makes them."""

import pytest

from engines.databases import TABLES
from mainstay.engines.database.schema import checked
from mainstay.ports.database import Column, Table


def test_declarations_that_contradict_themselves_are_refused() -> None:
    text = (Column("id", "text"),)
    for wrong in (
        Table('x"y', text, ("id",)),
        Table("sqlite_x", text, ("id",)),
        Table("x", (Column("tenant_id", "text"),), ("tenant_id",)),
        Table("x", text, ()),
        Table("x", text, ("other",)),
        Table("x", text, ("id",), sequence="id"),
        Table("x", (Column("id", "text", nullable=True),), ("id",)),
    ):
        with pytest.raises(ValueError, match=r"."):
            checked([wrong])
    with pytest.raises(ValueError, match="twice"):
        checked([*TABLES, TABLES[0]])
