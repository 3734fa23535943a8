"""The first page: the gallery of examples and the latest runs."""
