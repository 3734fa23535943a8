"""The workflows of a project."""
