"""The model gateway: one way to call a model, wherever it runs."""
