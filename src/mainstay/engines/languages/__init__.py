"""Language detectors."""
