"""A case as the workflow reads it before it asks what to do."""

from app.actions import DecisionMaker, Understanding
from app.briefs import case_state, read_case
from app.models import Snapshot


async def understood(maker: DecisionMaker, snapshot: Snapshot) -> Understanding:
    """What the customer of a snapshot wants, read as for a decision."""
    return await maker.understand(snapshot.tenant, case_state(read_case(snapshot), snapshot))
