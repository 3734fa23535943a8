"""Storage: tables, queries and the journal."""
