"""What `warmline` imports while it starts, imported once in the process that services of the tests are forked from.

Nothing here may start a thread or open a file: a forked process has neither.
"""

from importlib import import_module

from app import offline

MODULES = (
    "app.main",
    "app.interfaces.cli.commands",
    "app.interfaces.cli.connections",
    "app.interfaces.cli.serve",
    "app.adapters.embeddings",
    "app.adapters.sql",
    "app.adapters.sql.claims",
    "app.adapters.sql.continuity",
    "app.adapters.sql.outbox",
    "app.adapters.sql.revisions",
    "app.adapters.vectors",
    "app.workflow",
    "alembic.command",
    "asyncpg",
    "cel",
    "chromadb.api.client",
    "chromadb.api.rust",
    "limits.aio",
    "onnxruntime",
    "tokenizers",
    "uvicorn",
)

offline.disarm()
for _name in MODULES:
    import_module(_name)
