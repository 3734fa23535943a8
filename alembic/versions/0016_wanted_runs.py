"""Who has edited what is to run by itself once a run has ended."""

import sqlalchemy as sa

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("draft") as batch:
        batch.add_column(sa.Column("wanted_by", sa.String(36), nullable=True))
        batch.create_foreign_key(
            "fk_draft_wanted_by", "user", ["wanted_by"], ["id"], ondelete="SET NULL"
        )
    op.create_index("ix_draft_wanted_by", "draft", ["wanted_by"])


def downgrade() -> None:
    op.drop_index("ix_draft_wanted_by", "draft")
    with op.batch_alter_table("draft") as batch:
        batch.drop_constraint("fk_draft_wanted_by", type_="foreignkey")
        batch.drop_column("wanted_by")
