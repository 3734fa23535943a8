"""The editor of one workflow: canvas and notebook, changed by several people at once."""
