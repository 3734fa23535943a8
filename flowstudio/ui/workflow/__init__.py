"""One workflow: what it does, its graph, its inputs, its runs."""
