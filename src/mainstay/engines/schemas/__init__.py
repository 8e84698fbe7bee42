"""Schema engines: values are checked against JSON Schemas."""
