"""Protection of what is stored about people."""
