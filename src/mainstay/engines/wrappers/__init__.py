"""Engines that wrap root keys."""
