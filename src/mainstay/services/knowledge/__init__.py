"""Documents, and finding things in them."""
