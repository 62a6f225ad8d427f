"""`warmline handoff` and `warmline next-action`: the whole workflow on one conversation file."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeVar

from app.conversations import Conversation
from app.interfaces.cli.common import TENANT, screen, settings_in_force, side_screen
from app.interfaces.cli.sandbox import all_interactions, conversation_of_file, throw_away_app
from app.interfaces.terminal_card import card, decision_card, explanation_table
from app.models import Decision, Handoff, HandoffRequest, Interaction, NextActionRequest
from app.services import App

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class DecisionArguments:
    """Which conversation is meant, and what it is judged with; None stands for the default of each."""

    file: str
    conversation_id: str | None
    now: datetime | None
    catalogue: str | None
    customer: str | None = None


def show_handoff(asked: DecisionArguments, *, locale: str | None, as_json: bool) -> None:
    """Print the handoff of a conversation file. Raises InvalidRequest when the file does not hold one."""
    conversation = conversation_of_file(asked.file, asked.conversation_id, now=asked.now, customer=asked.customer)
    request = HandoffRequest(**dict(conversation.subject()), locale=locale, now=asked.now or conversation.now)

    async def ask(app: App) -> tuple[Handoff, list[Interaction]]:
        handoff = await app.handoffs.create(TENANT, request)
        return handoff, await all_interactions(app, handoff.customer_id)

    handoff, interactions = _run(asked, conversation, ask)
    if as_json:
        sys.stdout.write(handoff.model_dump_json(exclude={"request"}, indent=2) + "\n")
    else:
        screen().print(card(handoff, interactions))


def show_explanation(asked: DecisionArguments, *, locale: str | None, as_json: bool) -> None:
    """Print why the brief of a conversation file says what it says. Raises InvalidRequest as `show_handoff` does."""
    conversation = conversation_of_file(asked.file, asked.conversation_id, now=asked.now, customer=asked.customer)
    request = HandoffRequest(**dict(conversation.subject()), locale=locale, now=asked.now or conversation.now)
    explanation = _run(asked, conversation, lambda app: app.handoffs.explain(TENANT, request))
    if as_json:
        sys.stdout.write(explanation.model_dump_json(indent=2) + "\n")
    else:
        screen().print(explanation_table(explanation))


def show_next_actions(
    asked: DecisionArguments, *, audience: Literal["bot", "agent"], limit: int, as_json: bool
) -> None:
    """Print what to do next in a conversation file. Raises InvalidRequest when the file does not hold one."""
    conversation = conversation_of_file(asked.file, asked.conversation_id, now=asked.now, customer=asked.customer)
    request = NextActionRequest(
        **dict(conversation.subject()), audience=audience, limit=limit, now=asked.now or conversation.now
    )

    async def ask(app: App) -> tuple[Decision, list[Interaction]]:
        decision = await app.decisions.next_actions(TENANT, request)
        return decision, await all_interactions(app, decision.customer_id)

    decision, interactions = _run(asked, conversation, ask)
    if as_json:
        sys.stdout.write(decision.model_dump_json(indent=2) + "\n")
    else:
        screen().print(decision_card(decision, interactions))


def _run(asked: DecisionArguments, conversation: Conversation, ask: Callable[[App], Awaitable[Answer]]) -> Answer:
    settings, drafts = settings_in_force(), conversation.drafts
    if asked.catalogue is not None:
        settings = settings.model_copy(update={"catalogue": asked.catalogue})

    async def answer() -> Answer:
        async with throw_away_app(settings, conversation) as app:
            return await ask(app)

    late = sum(draft.occurred_at is not None and draft.occurred_at > asked.now for draft in drafts) if asked.now else 0
    if late:
        turns = "1 turn is" if late == 1 else f"{late} turns are"
        side_screen().print(f"{turns} after --now ({asked.now:%Y-%m-%dT%H:%M:%S%z}) and not read.")
    with side_screen().status("Reading the conversation …"):
        return asyncio.run(answer())
