"""The sample workspace: a handbook of running Mainstay, in Markdown."""
