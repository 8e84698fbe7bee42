"""Users: the people of a tenant, and how they sign in."""
