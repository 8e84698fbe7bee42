"""Floor 1: errors, ids, clock, random."""
