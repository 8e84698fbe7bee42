"""Engines that keep wrapped keys."""
