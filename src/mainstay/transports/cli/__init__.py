"""The command line, generated from operations."""
