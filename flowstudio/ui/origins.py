"""Which web origins may talk to the page's websocket."""

from flowstudio.services.page_origins import page_origins

__all__ = ["page_origins"]
