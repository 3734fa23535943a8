"""The node types: one file each under builtin/, one table in registry.py."""
