"""What the routes of the installation take and give."""

from typing import Literal

from pydantic import ConfigDict, Field

from flowstudio.api.schemas.base import Input, Output
from flowstudio.services.retention import Pruned, RetentionView

Registration = Literal["open", "invitation", "closed"]
#: How many runs one request removes.
MOST_PRUNED = 500
_WHO = "Who may make an account: anyone, people with an invitation, or nobody."


class InstanceOut(Output):
    """What anybody may know of this installation."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={
            "example": {"needs_setup": False, "registration": "invitation", "mail": "file"}
        },
    )

    needs_setup: bool = Field(description="Whether nobody is an admin yet.")
    registration: Registration = Field(description=_WHO)
    mail: Literal["smtp", "file"] = Field(
        description="Where mail goes: to people, or to files on the server."
    )


class RegistrationIn(Input):
    """Who may make an account."""

    model_config = ConfigDict(json_schema_extra={"example": {"registration": "invitation"}})

    registration: Registration = Field(description=_WHO)


class RegistrationOut(Output):
    """Who may make an account."""

    model_config = ConfigDict(json_schema_extra={"example": {"registration": "invitation"}})

    registration: Registration = Field(description=_WHO)


class RetentionIn(Input):
    """Which finished runs are kept; null sets no limit."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={"example": {"days": 90, "most_runs": 10_000, "most_mb": 2_000}},
    )

    days: int | None = Field(None, ge=1, le=36_500, description="Since they ended.")
    most_runs: int | None = Field(None, ge=1, le=1_000_000_000, description="The newest so many.")
    most_mb: int | None = Field(
        None, ge=1, le=1_000_000_000, description="Of all their journals together."
    )


class RetentionOut(Output):
    """The limits, and what there is."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={
            "example": {
                "days": 90,
                "most_runs": None,
                "most_mb": 2_000,
                "runs": 812,
                "run_bytes": 48_000_000,
                "file_bytes": 61_000_000,
                "free_bytes": 0,
            }
        },
    )

    days: int | None
    most_runs: int | None
    most_mb: int | None
    runs: int = Field(description="Finished ones there are.")
    run_bytes: int = Field(description="What their journals take, as far as that was measured.")
    file_bytes: int = Field(description="The database file.")
    free_bytes: int = Field(description="How much of the file is empty.")

    @classmethod
    def of(cls, view: RetentionView) -> "RetentionOut":
        """The limits as the API gives them."""
        most = view.policy.most_bytes
        return cls(
            days=view.policy.days,
            most_runs=view.policy.most_runs,
            most_mb=None if most is None else most // 1_000_000,
            runs=view.kept.runs,
            run_bytes=view.kept.bytes,
            file_bytes=view.file.bytes,
            free_bytes=view.file.free_bytes,
        )


class PruneIn(Input):
    """Which finished runs stay; without a limit, those that are set."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, json_schema_extra={"example": {"days": 90, "dry_run": True}}
    )

    days: int | None = Field(None, ge=1, le=36_500, description="Since they ended.")
    most_runs: int | None = Field(None, ge=1, le=1_000_000_000, description="The newest so many.")
    most_bytes: int | None = Field(
        None, ge=1, le=10**15, description="Of all their journals together."
    )
    dry_run: bool = Field(default=False, description="Only say what would go.")


class PrunedRunOut(Output):
    """A run that went, and the limit it was beyond."""

    run_id: str
    workflow: str
    reason: Literal["age", "count", "bytes"]
    size_bytes: int = Field(description="0 where nobody has measured it yet.")


class PrunedOut(Output):
    """What was removed, or would be."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={
            "example": {
                "runs": [
                    {
                        "run_id": "01963b0c9a7e4f0f8a5d2c1b7e6f5a4d",
                        "workflow": "Support triage",
                        "reason": "age",
                        "size_bytes": 48_120,
                    }
                ],
                "has_more": False,
                "bytes_before": 61_000_000,
                "bytes_after": 48_000_000,
            }
        },
    )

    runs: list[PrunedRunOut]
    has_more: bool = Field(description="There is more to remove than one request removes.")
    bytes_before: int = Field(description="The database file.")
    bytes_after: int

    @classmethod
    def of(cls, done: Pruned) -> "PrunedOut":
        """What was done as the API gives it."""
        return cls(
            runs=[
                PrunedRunOut(
                    run_id=run.id,
                    workflow=run.workflow,
                    reason=run.reason,
                    size_bytes=run.size_bytes,
                )
                for run in done.runs
            ],
            has_more=done.has_more,
            bytes_before=done.before.bytes,
            bytes_after=done.after.bytes,
        )
