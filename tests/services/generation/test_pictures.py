"""Which addresses of images are passed on to a generator's server."""

import pytest

from mainstay.services.generation.pictures import leads_inside

PASSED = (
    "data:image/png;base64,AAAA",
    "https://example.com/a.png",
    "HTTPS://Example.com:8443/a.png?b=@c%20d",
    "https://bücher.example.com/ü.png",
    "https://1.1.1.1/a.png",
    "https://[2606:4700:4700::1111]/a.png",
)
REFUSED = (
    "http://example.com/a.png",
    "https://localhost/a.png",
    "https://LOCALHOST./a.png",
    "https://router/a.png",
    "https://printer.local/a.png",
    "https://metadata.google.internal/computeMetadata",
    "https://127.0.0.1/",
    "https://10.1.2.3:443/",
    "https://192.168.0.1?x",
    "https://169.254.169.254#latest",
    "https://100.64.0.1/",
    "https://0/",
    "https://2130706433/",
    "https://0x7f.1/",
    "https://0177.0.0.1/",
    "https://1.1.1/",
    "https://[::1]/",
    "https://[::ffff:10.0.0.1]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[fe80::1%25eth0]/",
    "https://１２７.0.0.1/",
    "https://127。0。0。1/",
    "https://loc\u00adalhost/",
    "https://%31%32%37.0.0.1/",
    "https://good.example@10.0.0.1/",
    "https://10.0.0.1\\@good.example/",
    "https://good.example.com\\.local/",
    "https:///a.png",
)


@pytest.mark.parametrize("address", PASSED)
def test_public_addresses_and_data_are_passed_on(address: str) -> None:
    assert not leads_inside(address)


@pytest.mark.parametrize("address", REFUSED)
def test_private_and_ambiguous_addresses_are_not(address: str) -> None:
    assert leads_inside(address)
