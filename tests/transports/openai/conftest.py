"""One served house for all usages of a worker."""

from collections.abc import Iterator

import pytest

from transports.openai.serving import Served, serving


@pytest.fixture(scope="package")
def serves(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("openai")) as made:
        yield made


@pytest.fixture
def there(serves: Served) -> Iterator[Served]:
    """Begin with a chat server that was told and asked nothing; close what clients have open."""
    serves.upstream.asked.clear()
    serves.upstream.answers.clear()
    serves.upstream.script = None
    yield serves
    while serves.clients:
        serves.clients.pop().close()
