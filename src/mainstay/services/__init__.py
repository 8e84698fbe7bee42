"""Floor 4: what the house can do."""
