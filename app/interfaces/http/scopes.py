"""Which scope each path of the API asks for: the contract's whole table, in one place to be read at a glance.

A key with the scope `admin` opens all of them.
"""

from collections.abc import Mapping

from app.models import Scope

_PATHS: Mapping[Scope, str] = {
    Scope.INGEST: """
        POST /v1/interactions
        POST /v1/vcons
        POST /v1/events
    """,
    Scope.HANDOFF: """
        POST /v1/handoffs
        GET /v1/handoffs
        GET /v1/handoffs/{handoff_id}
        POST /v1/handoffs/{handoff_id}/refresh
        POST /v1/handoffs/{handoff_id}/link
        POST /v1/handoffs/{handoff_id}/feedback
        POST /v1/briefs/verify
        POST /v1/customers/resolve
        GET /v1/customers
        GET /v1/conversations
        GET /v1/customers/{customer_id}
        GET /v1/customers/{customer_id}/timeline
        GET /v1/customers/{customer_id}/search
    """,
    Scope.ACTIONS: """
        POST /v1/next-actions
        POST /v1/next-actions/{decision_id}/outcome
        GET /v1/conversations/{conversation_id}/signals
        GET /v1/conversations/{conversation_id}/friction
        GET /v1/signals/stream
        GET /v1/catalogue
        GET /v1/knowledge
        GET /v1/knowledge/{article_id}
        POST /v1/knowledge/search
    """,
    Scope.ANALYTICS: """
        GET /v1/decisions
        GET /v1/decisions/comparison
        GET /v1/analytics/continuity
        GET /v1/analytics/continuity/escalations
        GET /v1/analytics/graph
        GET /v1/analytics/graph/conversations
        GET /v1/analytics/moments
    """,
    Scope.ADMIN: """
        POST /v1/customers/{customer_id}/merge
        POST /v1/customers/{customer_id}/unmerge
        GET /v1/customers/{customer_id}/export
        DELETE /v1/customers/{customer_id}
        POST /v1/interactions/{interaction_id}/redact
        PUT /v1/catalogue
        PUT /v1/knowledge/{article_id}
        DELETE /v1/knowledge/{article_id}
        POST /v1/webhooks
        GET /v1/webhooks
        DELETE /v1/webhooks/{webhook_id}
        GET /v1/webhooks/{webhook_id}/deliveries
        GET /v1/connectors/{connector_id}/events
        POST /v1/webhooks/{webhook_id}/redeliver
        POST /v1/webhooks/{webhook_id}/rotate
    """,
}

SCOPES: Mapping[str, Scope] = {
    line.strip(): scope for scope, lines in _PATHS.items() for line in lines.strip().splitlines()
}


def scope_of(method: str, path: str) -> Scope:
    """The scope that a method on a path (as the route writes it) asks for; a path that is not listed is for admins."""
    return SCOPES.get(f"{method} {path}", Scope.ADMIN)
