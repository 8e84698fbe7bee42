"""Prompts with versions and labels: made, tested on examples, tried against each other."""
