"""The one door: one method is one use case."""
