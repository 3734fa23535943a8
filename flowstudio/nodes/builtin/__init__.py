"""The node types that ship with FlowStudio."""
