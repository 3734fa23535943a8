"""Counts of requests at links, and a column's name that says what is in it."""

import sqlalchemy as sa

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "webhook_count",
        sa.Column("webhook_id", sa.String(length=36), nullable=False),
        sa.Column("is_test", sa.Boolean(), nullable=False),
        sa.Column("window", sa.String(length=10), nullable=False),
        sa.Column("begins_at", sa.DateTime(), nullable=False),
        sa.Column("taken", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["webhook_id"], ["webhook.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("webhook_id", "is_test", "window"),
    )
    # Copying the table, as alembic does for SQLite, would let go of what refers to it.
    op.execute("ALTER TABLE webhook RENAME COLUMN key_header TO key_from")


def downgrade() -> None:
    op.execute("ALTER TABLE webhook RENAME COLUMN key_from TO key_header")
    op.drop_table("webhook_count")
