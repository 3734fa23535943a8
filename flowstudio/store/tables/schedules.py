"""Times at which published workflows run by themselves."""
