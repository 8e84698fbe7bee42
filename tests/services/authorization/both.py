"""For suites in which the databases could differ: what happens at the same moment, and what stays."""

import pytest


@pytest.fixture(params=["sqlite", "postgres"])
def where(request: pytest.FixtureRequest) -> dict[str, str]:
    """Give the setting of each database."""
    return {"database": request.getfixturevalue("house_postgres")} if request.param == "postgres" else {}
