"""The desk: the page on which people of the team answer instead of bots."""
