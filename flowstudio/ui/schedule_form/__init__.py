"""Making and changing a schedule."""
