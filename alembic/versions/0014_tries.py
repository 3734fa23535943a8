"""How often secrets were tried, over all processes."""

import sqlalchemy as sa

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "try_count",
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("begins_at", sa.DateTime(), nullable=False),
        sa.Column("taken", sa.Integer(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("try_count")
