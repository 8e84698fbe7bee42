"""Floor 5: trades built on the services."""
