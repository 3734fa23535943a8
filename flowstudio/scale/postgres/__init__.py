"""How processes on several machines hear of each other, by way of their PostgreSQL."""
