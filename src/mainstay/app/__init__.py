"""Floor 6: the house put together."""
