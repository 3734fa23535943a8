"""Which web origins the site is loaded from: the only ones whose pages may write to it."""

from urllib.parse import urlsplit

from flowstudio.settings import Settings


def page_origins(settings: Settings) -> tuple[str, ...]:
    """The origins the page is served from, and those the settings add."""
    hosts = ["127.0.0.1", "localhost"]
    if (host := settings.local_host) not in hosts:
        hosts.append(f"[{host}]" if ":" in host else host)
    own = [f"http://{host}:{settings.port}" for host in hosts]
    if settings.port == 80:
        own += [f"http://{host}" for host in hosts]
    if settings.public_url:
        public = urlsplit(settings.public_url)
        own.append(f"{public.scheme}://{public.netloc}")
    return (*own, *(origin.rstrip("/") for origin in settings.allowed_origins))
