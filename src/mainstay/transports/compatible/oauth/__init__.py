"""OAuth 2.1 and OpenID Connect over HTTP, as their standards write it."""
