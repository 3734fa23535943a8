"""One file for each way to call a model; each runs in its own environment.

`open_caller(url, key)` is an async context manager that yields `call(model, on_text)`: one streamed
answer from that server, every piece of text passed on, the whole text returned.
"""
