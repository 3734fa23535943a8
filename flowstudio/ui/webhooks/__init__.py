"""The webhooks and public forms of a workflow."""
