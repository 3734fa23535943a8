"""How often something was tried that is worth guessing at."""

from datetime import datetime

from sqlmodel import Column, Field, SQLModel

from flowstudio.store.tables.moment import UtcDateTime


class TryCountRow(SQLModel, table=True):
    """Tries of one account or address within a window; `key` is a hash of what and whose."""

    __tablename__ = "try_count"

    key: str = Field(primary_key=True, max_length=64)
    begins_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    taken: int = 0
