"""Lets scim2-tester try a server's SCIM door, as a program: `python peer.py URL KEY` prints JSON.

A program of its own, for its models take seconds to make where many modules are loaded already.
"""

import json
import sys

import httpx2
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import check_server


def checked(url: str, key: str) -> list[str]:
    """Try everything; give what was tried, and with what end."""
    headers = {"Authorization": f"Bearer {key}"}
    with httpx2.Client(base_url=url, headers=headers, timeout=30) as http:
        results = check_server(SyncSCIMClient(http))
    return [f"{each.status.name} {each.title} {each.resource_type or ''}: {each.reason}" for each in results]


if __name__ == "__main__":
    json.dump(checked(*sys.argv[1:]), sys.stdout)
