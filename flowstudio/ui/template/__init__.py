"""One example: what it does, its graph, its inputs, its runs."""
