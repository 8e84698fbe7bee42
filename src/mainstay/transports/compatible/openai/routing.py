"""Routes whose parameters may hold encoded slashes: they are matched before anything is decoded."""

from collections.abc import MutableMapping
from typing import Any
from urllib.parse import unquote

from starlette.routing import Match, Route


class EncodedRoute(Route):
    """A route that takes a path as it was sent, so that an id such as `guides/keys.md` is one parameter."""

    def matches(self, scope: MutableMapping[str, Any]) -> tuple[Match, MutableMapping[str, Any]]:
        """Say whether a request is for this route, with the texts of its parameters."""
        if scope["type"] != "http":
            return Match.NONE, {}
        raw: bytes = scope.get("raw_path") or scope["path"].encode()
        found = self.path_regex.match(raw.split(b"?")[0].decode("latin-1"))
        if found is None:
            return Match.NONE, {}
        texts = {name: unquote(text) for name, text in found.groupdict().items()}
        return Match.FULL, {
            "endpoint": self.endpoint,
            "path_params": {**scope.get("path_params", {}), **texts},
        }
