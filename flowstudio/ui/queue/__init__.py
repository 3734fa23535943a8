"""The queue: what waits, what holds it back, who works."""
