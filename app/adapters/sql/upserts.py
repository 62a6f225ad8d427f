"""Inserting what may be there already, which each database says in its own way."""

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite


def upsert(dialect: str, table: Table) -> "postgresql.Insert | sqlite.Insert":
    """An INSERT with `on_conflict_do_update` and `on_conflict_do_nothing`, as this kind of database reads it."""
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return insert(table)
