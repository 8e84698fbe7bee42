"""Hand-written doors for protocols of others."""
