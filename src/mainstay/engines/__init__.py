"""Floor 3: the technologies behind the ports."""
