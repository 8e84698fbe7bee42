"""What fits classifiers."""
