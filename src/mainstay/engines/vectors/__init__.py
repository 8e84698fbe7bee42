"""Vector index engines: Qdrant inside the process, PostgreSQL with pgvector."""
