"""FlowStudio: a self-hosted studio for AI workflows."""

__version__ = "0.1.0"
