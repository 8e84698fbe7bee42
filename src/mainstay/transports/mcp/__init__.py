"""The MCP door: one tool for each operation, for assistants and agents."""
