"""Where the installation is reached: the operator's word, else where the server listens."""

import pytest

from mainstay.app.settings import Settings
from mainstay.kernel.address import PublicAddress


@pytest.mark.parametrize(
    ("host", "reached"),
    [
        ("127.0.0.1", "http://127.0.0.1:8080"),
        ("::1", "http://[::1]:8080"),
        ("0.0.0.0", "http://localhost:8080"),  # noqa: S104 - a setting: nothing listens
        ("::", "http://localhost:8080"),
    ],
)
def test_who_is_told_nothing_else_is_reached_where_it_listens(host: str, reached: str) -> None:
    address = PublicAddress("")
    address.listens(Settings(host=host).listens_at)
    assert address.url == reached
    address.listens("http://127.0.0.1:41234")
    assert address.url == "http://127.0.0.1:41234", "the socket knows better than the settings"


@pytest.mark.parametrize(
    ("url", "named"),
    [
        ("http://127.0.0.1:8080", "http://localhost:8080"),
        ("https://[::1]:8443", "https://localhost:8443"),
        ("http://192.0.2.7:8080", "http://192.0.2.7:8080"),
        ("http://localhost:8080", "http://localhost:8080"),
    ],
)
def test_this_machine_alone_has_a_name_that_nobody_gave_it(url: str, named: str) -> None:
    address = PublicAddress("")
    address.listens(url)
    assert address.named == named
    assert PublicAddress(url).named == url, "the operator's word is taken as it is"


def test_the_operators_word_holds_wherever_it_listens() -> None:
    address = PublicAddress("https://ai.example.com/")
    address.listens(Settings().listens_at)
    assert address.url == "https://ai.example.com"
