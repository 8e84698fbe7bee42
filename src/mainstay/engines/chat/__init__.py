"""Chat engines: a conversation becomes an answer."""
