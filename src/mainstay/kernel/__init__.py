"""Floor 3: the one road every request takes."""
