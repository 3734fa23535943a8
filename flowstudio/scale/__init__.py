"""What connects an engine to those around it: the event bus, and who owns which run."""
