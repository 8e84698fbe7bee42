"""Floor 3: databases behind one port."""
