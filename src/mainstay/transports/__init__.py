"""Floor 5: the doors."""
