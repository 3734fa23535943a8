"""What a batch asked for and what of it was refused, for when it is sent again."""

import sqlalchemy as sa

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "workflow_change", sa.Column("digest", sa.String(64), nullable=False, server_default="")
    )
    op.add_column("workflow_change", sa.Column("refused", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    op.drop_column("workflow_change", "refused")
    op.drop_column("workflow_change", "digest")
