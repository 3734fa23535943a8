"""One schedule, and what became of its times."""
