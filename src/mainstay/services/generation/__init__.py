"""What generators are asked and answer: routed, checked, counted, kept for a while."""
