"""Stores for other frameworks, which speak to a server by the SDK. Each needs the extra of its name."""
