"""In which span a run was made, so that the worker which advances it goes on with the trace."""

import sqlalchemy as sa

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("run", sa.Column("trace", sa.String(55), nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("run", "trace")
