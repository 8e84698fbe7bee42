"""What clients discover: the server (RFC 8414, OpenID Connect Discovery 1.0), and what tokens open (9728)."""

from collections.abc import Sequence
from typing import Any

from mainstay.kernel.dispatch import Application
from mainstay.kernel.guard import ANYBODY, STRANGER
from mainstay.services.authorization.interface import USUAL

SERVER_PATHS = ("/.well-known/oauth-authorization-server", "/.well-known/openid-configuration")
KEYS_PATH = "/.well-known/jwks.json"
RESOURCES = ("", "/mcp", "/v1")
"""This server, and its doors that have a description of their own."""
BASE = "/v1/auth"
_METHODS = ["client_secret_basic", "client_secret_post", "none"]
_OF_TOKENS = ["iss", "sub", "aud", "iat", "exp", "nonce", "at_hash", "auth_time", "tenant"]
_CLAIMS = [*_OF_TOKENS, "name", "email", "email_verified"]
_OPENID = ["openid", "profile", "email"]


def scopes_of(application: Application) -> list[str]:
    """Give the permissions that open an operation, which are the scopes."""
    found = {each.may for each in application.operations} - {ANYBODY, STRANGER}
    return sorted(found)


def server(issuer: str, scopes: Sequence[str], algorithm: str, *, registration: bool) -> dict[str, Any]:
    """Describe the authorization server."""
    told = {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}{BASE}/authorize",
        "token_endpoint": f"{issuer}{BASE}/token",
        "revocation_endpoint": f"{issuer}{BASE}/revoke",
        "introspection_endpoint": f"{issuer}{BASE}/introspect",
        "userinfo_endpoint": f"{issuer}{BASE}/userinfo",
        "end_session_endpoint": f"{issuer}{BASE}/logout",
        "jwks_uri": f"{issuer}{KEYS_PATH}",
        "scopes_supported": [*_OPENID, *scopes],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "client_credentials", "refresh_token"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": _METHODS,
        "revocation_endpoint_auth_methods_supported": _METHODS,
        "introspection_endpoint_auth_methods_supported": _METHODS[:2],
        "authorization_response_iss_parameter_supported": True,
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [algorithm],
        "claims_supported": _CLAIMS,
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
    }
    return {**told, "registration_endpoint": f"{issuer}{BASE}/register"} if registration else told


def resource(issuer: str, door: str) -> dict[str, Any]:
    """Describe what tokens open here."""
    return {
        "resource": issuer + door,
        "authorization_servers": [issuer],
        "scopes_supported": list(USUAL),
        "bearer_methods_supported": ["header"],
        "resource_name": "Mainstay",
    }
