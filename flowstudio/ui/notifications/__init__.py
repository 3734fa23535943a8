"""The inbox: what the person was told, and what they do about it."""
