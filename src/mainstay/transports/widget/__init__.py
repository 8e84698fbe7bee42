"""The script by which a bot stands on pages of other hosts."""
