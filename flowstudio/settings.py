"""What can be set from outside: environment variables with the prefix `FLOWSTUDIO_`.

`docs/settings.md` lists them with defaults; a test keeps the two in step.
"""

from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

import platformdirs
from pydantic import AliasChoices, BeforeValidator, Field, SecretStr
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

#: How the address of a SQLite file begins.
SQLITE = "sqlite:///"


def _split(value: object) -> object:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


CommaSeparated = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]


def _default_data_dir() -> Path:
    return Path(platformdirs.user_data_dir("flowstudio", appauthor=False))


class Settings(BaseSettings):
    """All settings of one process; immutable once read."""

    model_config = SettingsConfigDict(
        env_prefix="FLOWSTUDIO_", extra="ignore", frozen=True, populate_by_name=True
    )

    host: str = Field("127.0.0.1", description="Address the web server listens on.")
    port: int = Field(3000, ge=1, le=65535, description="Port the web server listens on.")
    data_dir: Path = Field(
        default_factory=_default_data_dir,
        description="Where the database, the built-in model and other files live.",
    )
    database_url: str = Field(
        "",
        # It may have a password in it.
        repr=False,
        description="Database: sqlite:///PATH, or postgresql://USER:PASSWORD@HOST:PORT/DATABASE; "
        "empty means a SQLite file in the data directory.",
    )
    durability: Literal["full", "normal"] = Field(
        "full",
        description="full: a committed step survives power loss. "
        "normal: it survives a crash of the process, but power loss may take the last moments.",
    )
    openrouter_api_key: SecretStr = Field(
        SecretStr(""), description="Key for OpenRouter; without one the built-in model answers."
    )
    openrouter_base_url: str = Field(
        "https://openrouter.ai/api/v1", description="Where OpenRouter's API is reached."
    )
    openrouter_app_url: str = Field(
        "", description="Sent to OpenRouter as HTTP-Referer for attribution; empty sends nothing."
    )
    model_path: Path | None = Field(
        None, description="A GGUF file to use instead of the installed built-in model."
    )
    model_idle_s: float = Field(
        300, gt=0, description="Seconds without a call after which the built-in model sleeps."
    )
    http_allow_private: CommaSeparated = Field(
        (),
        description="Comma-separated hosts, addresses or networks, each with an optional :port, "
        "that workflows may reach although they are private.",
    )
    http_max_bytes: int = Field(
        20_000_000, gt=0, description="Largest reply an HTTP node accepts, after decoding."
    )
    smtp_url: SecretStr = Field(
        SecretStr(""),
        description="Mail server for the e-mail node: smtp://user:password@host:port, "
        "or smtps:// for TLS from the start.",
    )
    smtp_from: str = Field("", description="Sender of mail; empty means the SMTP user.")
    credentials: SecretStr = Field(
        SecretStr(""),
        description="Credentials nodes may name: a JSON object of name to credential, such as "
        '{"crm": {"kind": "bearer", "token": "…", "hosts": ["api.example.com"]}}.',
    )
    max_concurrent_runs: int = Field(64, ge=1, description="Runs executed at once.")
    run_in_web: bool = Field(
        True, description="Whether the web process advances runs itself; if not, workers have to."
    )
    max_cost_usd: Decimal | None = Field(
        None, description="Largest cost of any one run; a workflow's own limit may only be lower."
    )
    allowed_origins: CommaSeparated = Field(
        (), description="Comma-separated origins of the page besides http://HOST:PORT."
    )
    public_url: str = Field(
        "",
        description="Address people reach the server at, such as https://flows.example.com; links "
        "in mail and OAuth callbacks begin with it. Empty means http://HOST:PORT.",
    )
    trusted_proxies: CommaSeparated = Field(
        (),
        description="Comma-separated addresses or networks of reverse proxies whose "
        "X-Forwarded-For is believed.",
    )
    secret_key: SecretStr = Field(
        SecretStr(""),
        description="Seals credentials and signs sessions: at least 32 characters; several, "
        "separated by commas, are a ring whose first is used for what is new. Empty means a file "
        "in the data directory, made at the first start.",
    )
    registration: Literal["open", "invitation", "closed"] = Field(
        "invitation",
        description="Who may make an account: anyone, people with an invitation, or nobody; an "
        "admin can change it later on the page.",
    )
    requests_per_minute: int = Field(
        600,
        ge=1,
        description="Requests a person, a key or an address may make of the API; each web process "
        "counts by itself.",
    )
    github_client_id: str = Field("", description="OAuth app for signing in with GitHub.")
    github_client_secret: SecretStr = Field(SecretStr(""), description="Secret of that app.")
    github_url: str = Field("https://github.com", description="Where GitHub is reached.")
    github_api_url: str = Field("https://api.github.com", description="Where its API is reached.")
    google_client_id: str = Field("", description="OAuth client for signing in with Google.")
    google_client_secret: SecretStr = Field(SecretStr(""), description="Secret of that client.")
    google_issuer: str = Field(
        "https://accounts.google.com", description="OpenID Connect issuer of that client."
    )
    openrouter_auth_url: str = Field(
        "https://openrouter.ai/auth",
        description="Where a person allows FlowStudio to get an OpenRouter key of their own.",
    )
    webhook_max_bytes: int = Field(
        1_000_000, ge=1, description="Largest body a webhook or public form accepts."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="How much is logged."
    )
    log_format: Literal["json", "text"] = Field(
        "json", description="json: each line of the log is an object; text: lines for people."
    )
    cache_days: int = Field(
        90, ge=0, description="Days an output is kept for later runs to take; 0 keeps them all."
    )
    ended_days: int = Field(
        30,
        ge=1,
        description="Days that sign-ins and invitations which are over, and mail in files, are kept.",
    )
    otel_endpoint: str = Field(
        "",
        validation_alias=AliasChoices("FLOWSTUDIO_OTEL_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"),
        description="Where traces go by OTLP over HTTP, such as http://collector:4318; "
        "OTEL_EXPORTER_OTLP_ENDPOINT says the same. Empty sends none.",
    )
    otel_content: bool = Field(
        default=False, description="Whether traces carry prompts and the answers of models."
    )
    metrics_token: SecretStr = Field(
        SecretStr(""),
        description="Sent by Prometheus as a bearer token to read /metrics, at least 16 characters; "
        "empty means that only programs on this machine may, and only without a proxy in front.",
    )
    worker_metrics_port: int | None = Field(
        None,
        ge=1,
        le=65535,
        description="Port on which `flowstudio worker` answers /metrics, /healthz and /readyz; "
        "left out, it listens on none.",
    )
    worker_metrics_host: str = Field(
        "127.0.0.1", description="Address a worker listens on for these."
    )

    @cached_property
    def base_url(self) -> str:
        """The address links begin with, without a slash at its end."""
        if self.public_url:
            return self.public_url.rstrip("/")
        return self.local_url

    @property
    def local_host(self) -> str:
        """What this machine reaches the server by; one that listens everywhere is here, too."""
        return "127.0.0.1" if self.host in {"0.0.0.0", "::", ""} else self.host  # noqa: S104 - compared with

    @property
    def local_url(self) -> str:
        """The same as an address."""
        host = self.local_host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    @property
    def is_secure(self) -> bool:
        """Whether browsers reach the server by HTTPS, so that cookies may insist on it."""
        return self.base_url.startswith("https://")

    @cached_property
    def database_path(self) -> Path:
        """The SQLite file, where it is one: what `database_url` names, or in the data directory."""
        if self.database_url.startswith(SQLITE):
            return Path(self.database_url.removeprefix(SQLITE))
        return self.data_dir / "flowstudio.db"
