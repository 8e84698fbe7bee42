"""How much is used, by whom, and how much may be."""
