"""Who is who: tenants and API keys."""
