"""Run by Alembic: the steps go through the connection that was handed in, and into its transaction."""

from alembic import context

from app.adapters.sql.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # SQLite cannot change a column in place: Alembic makes the table anew there.
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
