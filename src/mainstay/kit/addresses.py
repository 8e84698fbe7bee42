"""Which addresses belong to the public internet; whoever fetches, or has fetched, asks here."""

import ipaddress
import re

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_NUMBER = re.compile(r"(?:\d+|0x[0-9a-f]*)", re.IGNORECASE)
_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_NEVER = [
    ipaddress.ip_network(network)
    for network in (
        "192.0.0.0/24",  # protocol assignments
        "192.88.99.0/24",  # 6to4 relays
        "168.63.129.16/32",  # a cloud's own host, although it lies in public space
        "2001::/23",  # protocol assignments, Teredo
        "2001:db8::/32",  # documentation
        "3fff::/20",  # documentation
    )
]
_INSIDE = (".localhost", ".local", ".internal", ".intranet", ".lan", ".home.arpa", ".onion")


def is_public(text: str) -> bool:
    """Tell whether an address belongs to the public internet, IPv4 inside IPv6 included (RFC 6890)."""
    try:
        address: _Address = ipaddress.ip_address(text)
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is None and (address not in _GLOBAL_UNICAST or address.scope_id is not None):
            return False
        address = inner or address
    special = address.is_multicast or address.is_reserved or address.is_unspecified or address.is_loopback
    if special or address.is_link_local or not address.is_global:
        return False
    return not any(address in network for network in _NEVER if network.version == address.version)


def is_number(host: str) -> bool:
    """Tell whether a host is a number, in whichever of the forms that browsers take for one."""
    return ":" in host or _NUMBER.fullmatch(host.rpartition(".")[2]) is not None


def names_inside(host: str) -> bool:
    """Tell whether a name is one that never leads to the public internet (RFC 6761, 6762, 8375, 9476)."""
    plain = "." + host.rstrip(".").casefold()
    return plain.endswith(_INSIDE) or plain.count(".") == 1
