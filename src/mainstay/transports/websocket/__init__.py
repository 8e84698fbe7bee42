"""The WebSocket door: every operation over one connection, made from the operations of the house."""
