"""The files service: what a tenant stores as it is."""
