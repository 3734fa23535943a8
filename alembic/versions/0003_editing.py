"""Changes, drafts, versions and comments of workflows; tags, folders and the trash."""

import sqlalchemy as sa

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

#: SQLite's integers are of any size.
_SIZE = sa.Integer().with_variant(sa.BigInteger(), "postgresql")


def _person(name: str) -> list[sa.Column | sa.ForeignKeyConstraint]:
    return [
        sa.Column(name, sa.String(length=36), nullable=True),
        sa.ForeignKeyConstraint([name], ["user.id"], ondelete="SET NULL"),
    ]


def _workflow() -> list[sa.Column | sa.ForeignKeyConstraint]:
    return [
        sa.Column("workflow_id", sa.String(length=36), nullable=False),
        sa.ForeignKeyConstraint(["workflow_id"], ["workflow.id"], ondelete="CASCADE"),
    ]


def _index_some(name: str, table: str, column: str, condition: str) -> None:
    where = sa.text(condition)
    op.create_index(name, table, [column], sqlite_where=where, postgresql_where=where)


def _index_runs() -> None:
    op.create_index("ix_run_created", "run", ["created_at", "id"])
    op.create_index("ix_run_document", "run", ["document_hash"])
    _index_some("ix_run_inside", "run", "trigger", "depth > 0")
    _index_some("ix_run_rerun_of", "run", "rerun_of", "rerun_of != ''")
    _index_some(
        "ix_run_event_blob",
        "run_event",
        "output_hash",
        "output IS NULL AND output_hash IS NOT NULL",
    )
    _index_some("ix_cache_entry_blob", "cache_entry", "output_hash", "output IS NULL")


def upgrade() -> None:
    with op.batch_alter_table("workflow") as batch:
        batch.add_column(sa.Column("tags", sa.Text(), nullable=False, server_default="[]"))
        batch.add_column(
            sa.Column("folder", sa.String(length=200), nullable=False, server_default="")
        )
        batch.add_column(sa.Column("published_version", sa.Integer(), nullable=True))
        batch.add_column(sa.Column("deleted_at", sa.DateTime(), nullable=True))
    with op.batch_alter_table("run") as batch:
        batch.add_column(sa.Column("version", sa.Integer(), nullable=True))
        batch.add_column(
            sa.Column("rerun_of", sa.String(length=36), nullable=False, server_default="")
        )
        batch.add_column(sa.Column("draft", sa.Text(), nullable=False, server_default=""))
        batch.add_column(sa.Column("size_bytes", _SIZE, nullable=True))
    _index_runs()

    op.create_table(
        "workflow_change",
        *_workflow(),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("client", sa.String(length=36), nullable=False),
        sa.Column("batch", sa.Integer(), nullable=False),
        sa.Column("base_revision", sa.Integer(), nullable=False),
        *_person("user_id"),
        sa.Column("operations", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("workflow_id", "revision"),
        sa.UniqueConstraint("workflow_id", "client", "batch", name="uq_change_batch"),
    )
    op.create_index("ix_workflow_change_user_id", "workflow_change", ["user_id"])

    op.create_table(
        "draft",
        *_workflow(),
        sa.Column("inputs", sa.LargeBinary(), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("workflow_id"),
    )
    op.create_table(
        "draft_output",
        *_workflow(),
        sa.Column("node_id", sa.String(length=100), nullable=False),
        sa.Column("run_id", sa.String(length=36), nullable=False),
        sa.Column("config_key", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("salt", sa.String(length=36), nullable=False),
        sa.Column("seen", sa.Text(), nullable=False),
        sa.Column("seen_pinned", sa.Text(), nullable=False),
        sa.Column("reads", sa.Text(), nullable=False),
        sa.Column("inputs_hash", sa.String(length=64), nullable=False),
        sa.Column("port", sa.String(length=100), nullable=False),
        sa.Column("output", sa.LargeBinary(), nullable=True),
        sa.Column("output_hash", sa.String(length=64), nullable=False),
        sa.Column("output_size", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("cached", sa.Boolean(), nullable=False),
        sa.Column("cost_usd", sa.String(length=40), nullable=False),
        sa.Column("saved_usd", sa.String(length=40), nullable=False),
        sa.Column("model", sa.String(length=200), nullable=False),
        sa.Column("prompt_tokens", sa.Integer(), nullable=False),
        sa.Column("completion_tokens", sa.Integer(), nullable=False),
        sa.Column("duration_s", sa.Float(), nullable=True),
        sa.Column("expires_at", sa.DateTime(), nullable=True),
        sa.Column("at", sa.DateTime(), nullable=True),
        sa.Column("pinned", sa.LargeBinary(), nullable=True),
        sa.Column("pinned_hash", sa.String(length=64), nullable=False),
        sa.Column("pinned_port", sa.String(length=100), nullable=False),
        sa.Column("pinned_kind", sa.String(length=10), nullable=False),
        *_person("pinned_by"),
        sa.PrimaryKeyConstraint("workflow_id", "node_id"),
    )
    op.create_index("ix_draft_output_pinned_by", "draft_output", ["pinned_by"])

    op.create_table(
        "workflow_version",
        sa.Column("id", sa.String(length=36), nullable=False),
        *_workflow(),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        *_person("created_by"),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("workflow_id", "number", name="uq_version_number"),
    )
    op.create_index("ix_workflow_version_created_by", "workflow_version", ["created_by"])

    op.create_table(
        "comment",
        sa.Column("id", sa.String(length=36), nullable=False),
        *_workflow(),
        sa.Column("node_id", sa.String(length=100), nullable=False),
        sa.Column("thread_id", sa.String(length=36), nullable=True),
        *_person("author_id"),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("mentions", sa.Text(), nullable=False),
        *_person("resolved_by"),
        sa.Column("resolved_at", sa.DateTime(), nullable=True),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("edited_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.ForeignKeyConstraint(["thread_id"], ["comment.id"], ondelete="CASCADE"),
    )
    op.create_index("ix_comment_workflow", "comment", ["workflow_id", "id"])
    op.create_index("ix_comment_thread_id", "comment", ["thread_id"])
    op.create_index("ix_comment_author_id", "comment", ["author_id"])
    op.create_index("ix_comment_resolved_by", "comment", ["resolved_by"])


def downgrade() -> None:
    for table in ("comment", "workflow_version", "draft_output", "draft", "workflow_change"):
        op.drop_table(table)
    for name in ("ix_run_created", "ix_run_document", "ix_run_inside", "ix_run_rerun_of"):
        op.drop_index(name, "run")
    op.drop_index("ix_run_event_blob", "run_event")
    op.drop_index("ix_cache_entry_blob", "cache_entry")
    with op.batch_alter_table("run") as batch:
        for column in ("size_bytes", "draft", "rerun_of", "version"):
            batch.drop_column(column)
    with op.batch_alter_table("workflow") as batch:
        for column in ("deleted_at", "published_version", "folder", "tags"):
            batch.drop_column(column)
