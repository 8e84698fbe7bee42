"""Floor 2: what we ask of engines."""
