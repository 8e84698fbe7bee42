"""Reader engines: one pass of an encoder, and small heads upon it."""
