"""What an App tells the agent's card: the stages of a handoff, its evidence, and what was told of it since."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from app.bootstrap import build
from app.errors import NotFound
from app.models import ActionOutcome, Feedback, Handoff, HandoffRequest, Identifier
from app.services import App
from app.services.handoffs import GRACE, still_pending
from app.settings import Settings
from tests.conftest import WordEmbedder
from tests.support.builders import draft

REQUEST = HandoffRequest(conversation_id="c1")


async def recorded(app: App, *texts: str, conversation_id: str = "c1", email: str | None = None) -> str:
    """File a customer's messages; gives the customer."""
    known_as = (Identifier(type="email", value=email, verified=True),) if email else ()
    rows = [draft(text, conversation_id=conversation_id, identifiers=known_as) for text in texts]
    customer_id = (await app.interactions.record("t", rows)).results[0].customer_id
    assert customer_id is not None
    return customer_id


async def begun(app: App) -> Handoff:
    """The first stage of a handoff that nobody finishes."""
    stages = app.handoffs.stages("t", REQUEST, file_first=True)
    async for first in stages:
        return first
    raise AssertionError("there is always a first stage")


async def test_the_first_stage_is_filed_before_it_is_given(app: App) -> None:
    await recorded(app, "The link never arrives.")

    seen: list[bool] = []
    async for stage in app.handoffs.stages("t", REQUEST, file_first=True):
        filed = await app.handoffs.filed("t", stage.handoff_id)
        assert (filed.pending, filed.brief) == (stage.pending, stage.brief)
        seen.append(stage.pending)

    assert seen == [True, False]


async def test_a_handoff_that_nobody_looks_at_meanwhile_is_filed_once_and_complete(app: App) -> None:
    await recorded(app, "The link never arrives.")

    async for stage in app.handoffs.stages("t", REQUEST):
        if stage.pending:
            with pytest.raises(NotFound):
                await app.handoffs.filed("t", stage.handoff_id)

    assert (await app.handoffs.create("t", REQUEST)).pending is False


async def test_another_worker_hears_that_a_brief_is_complete(app: App, settings: Settings) -> None:
    await recorded(app, "The link never arrives.")
    async with build(settings, embedder=WordEmbedder()) as other:
        making = app.handoffs.stages("t", REQUEST, file_first=True)
        first = await anext(making)
        watched = other.handoffs.follow("t", first.handoff_id)
        assert (await anext(watched)).pending
        complete = asyncio.ensure_future(anext(watched))

        [last] = [stage async for stage in making]

        assert await asyncio.wait_for(complete, 30) == last
        with pytest.raises(StopAsyncIteration):
            await anext(watched)


async def test_a_brief_whose_maker_is_gone_is_not_waited_for(app: App) -> None:
    await recorded(app, "The link never arrives.")
    first = await begun(app)
    long_ago = first.created_at - GRACE - timedelta(milliseconds=REQUEST.deadline_ms + 1)

    assert still_pending(first)
    assert not still_pending(first.model_copy(update={"created_at": long_ago}))


async def test_a_complete_handoff_is_told_once(app: App) -> None:
    await recorded(app, "The link never arrives.")
    made = await app.handoffs.create("t", REQUEST)

    assert [stage async for stage in app.handoffs.follow("t", made.handoff_id)] == [made]
    with pytest.raises(NotFound):
        await anext(app.handoffs.follow("other tenant", made.handoff_id))


async def test_whoever_is_erased_while_their_brief_is_made_leaves_nothing(app: App) -> None:
    customer_id = await recorded(app, "The link never arrives.")
    first = await begun(app)
    await app.customers.erase("t", customer_id)

    with pytest.raises(NotFound):
        await app.handoffs.filed("t", first.handoff_id)


async def test_evidence_is_shown_of_nobody_who_was_parted_from_the_customer(app: App) -> None:
    survivor = await recorded(app, "I cannot sign in.", email="one@example.com")
    other = await recorded(app, "My parcel is lost.", conversation_id="c2", email="two@example.com")
    merge = await app.customers.merge("t", survivor, other)
    made = await app.handoffs.create("t", HandoffRequest(customer_id=survivor))
    before = await app.handoffs.evidence_of("t", made)
    await app.customers.unmerge("t", survivor, merge.merge_id)

    after = await app.handoffs.evidence_of("t", await app.handoffs.filed("t", made.handoff_id))

    assert "My parcel is lost." in {row.text for row in before.values()}
    assert {row.text for row in after.values()} <= {"I cannot sign in."}


async def test_what_was_told_of_a_handoff_comes_back_in_its_order(app: App) -> None:
    await recorded(app, "I want my money back.", "Can I talk to a person?")
    made, other = await app.handoffs.create("t", REQUEST), await app.handoffs.create("t", REQUEST)
    decision = made.next_actions
    assert decision is not None
    for accepted in (True, False):
        await app.handoffs.file_feedback("t", made.handoff_id, Feedback(accepted=accepted))
    await app.handoffs.file_feedback("t", other.handoff_id, Feedback(displayed_at=datetime.now(UTC)))
    action_id = decision.actions[0].action_id
    await app.decisions.file_outcome("t", decision.decision_id, ActionOutcome(action_id=action_id, accepted=True))

    filed = await app.handoffs.card_revision("t", made)

    assert [filed_feedback.accepted for filed_feedback in filed.feedback] == [True, False]
    assert [(name, filed_outcome.accepted) for name, filed_outcome in filed.outcomes.items()] == [(action_id, True)]
