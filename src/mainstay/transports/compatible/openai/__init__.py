"""OpenAI's protocol: its endpoints under /v1, spoken with the operations of the house."""
