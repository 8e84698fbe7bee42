"""Generator engines: evidence becomes an answer."""
