"""Whom a tenant knows: asked of the tables, by what they say of themselves."""

from collections.abc import Sequence

from mainstay.ports.database import Database, Table


class Subjects:
    """Knows which columns tell of persons and of others who call, in whichever process their services are."""

    def __init__(self, database: Database, tables: Sequence[Table]) -> None:
        """Take the database, and all tables that there are."""
        self._database = database
        self._tables = [table for table in tables if table.subjects]

    async def known(self, tenant_id: str, subject: str) -> bool:
        """Say whether a tenant has anything that tells of a subject, who may have left."""
        for table in self._tables:
            named = " OR ".join(f"{column} = :subject" for column in table.subjects)
            sql = f"SELECT 1 AS one FROM {table.name} WHERE {named} LIMIT 1"
            if await self._database.fetch(tenant_id, sql, {"subject": subject}):
                return True
        return False
