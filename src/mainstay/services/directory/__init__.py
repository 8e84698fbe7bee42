"""Groups of a tenant, and users that its identity provider provisions (SCIM 2.0)."""
