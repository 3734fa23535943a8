"""Times in the database: UTC, to the microsecond, aware when read."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime
from sqlalchemy.types import TypeDecorator


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime, kept as UTC."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:  # noqa: ARG002
        """Refuse naive times, which mean nothing, and write the rest as UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            message = "A time without its zone cannot be stored."
            raise ValueError(message)
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:  # noqa: ARG002
        """Read as aware UTC."""
        return value.replace(tzinfo=UTC) if value is not None else None
