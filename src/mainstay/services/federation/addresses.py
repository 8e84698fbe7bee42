"""The addresses of this server that an identity provider has to know."""

from mainstay.kernel.address import PublicAddress

DOOR = "/sso"
"""The path under which the pages of single sign-on are."""


class Addresses:
    """Each connection has its own, so that no provider's answer is taken for another's."""

    def __init__(self, address: PublicAddress) -> None:
        """Take where this server is reached from outside."""
        self._address = address

    def redirect_uri(self, connection_id: str) -> str:
        """Give where an OpenID Connect provider sends browsers."""
        return f"{self._of(connection_id)}/callback"

    def acs_url(self, connection_id: str) -> str:
        """Give where a SAML identity provider posts its answers."""
        return f"{self._of(connection_id)}/acs"

    def entity_id(self, connection_id: str) -> str:
        """Give this server's name for a SAML identity provider, under which its metadata is found."""
        return f"{self._of(connection_id)}/metadata"

    def _of(self, connection_id: str) -> str:
        return f"{self._address.url}{DOOR}/{connection_id}"
