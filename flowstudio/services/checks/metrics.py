"""Whether the settings that keep watchers out, or let them in, can work."""

from flowstudio.services.checks.finding import Finding, problem
from flowstudio.settings import Settings

SHORTEST_TOKEN = 16


def check_metrics(settings: Settings) -> Finding:
    """The token of `/metrics`."""
    token = settings.metrics_token.get_secret_value()
    if not token:
        return Finding("Metrics", "for programs on this machine alone; no token is set")
    if len(token) >= SHORTEST_TOKEN:
        return Finding("Metrics", "for whoever has the token")
    return problem(
        "Metrics",
        f"the token has {len(token)} characters",
        "Nobody can read /metrics: a token so short could be guessed.",
        "Set FLOWSTUDIO_METRICS_TOKEN to the output of: openssl rand -base64 33",
    )
