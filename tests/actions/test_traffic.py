"""Intents learnt from a tenant's own messages, in an App on stores of its own."""

import asyncio
from collections.abc import Sequence

from app.actions import InForce, TrafficLearner
from app.actions.intent_training import LEAST_MESSAGES
from app.models import Actor, Identifier, InteractionDraft
from app.services import App
from tests.support.builders import START, draft

TENANT, OTHER = "one", "another"


def messages(count: int, *, by: str = "ada@x.example", actor: Actor = Actor.CUSTOMER) -> list[InteractionDraft]:
    """So many messages with one customer, each in words of its own."""
    identifiers = (Identifier(type="email", value=by),)
    return [
        draft(f"Parcel {index} from shop {index % 31} is late", actor=actor, identifiers=identifiers, occurred_at=START)
        for index in range(count)
    ]


async def filed(app: App, tenant: str, drafts: Sequence[InteractionDraft]) -> str:
    """The customer of these messages, once all of them are indexed."""
    answer = await app.interactions.record(tenant, drafts)
    while (await app.readiness()).index_lag:  # noqa: ASYNC110 - the index tells nobody when it has caught up
        await asyncio.sleep(0.02)
    customer_id = answer.results[0].customer_id
    assert customer_id is not None
    return customer_id


def traffic(app: App) -> TrafficLearner:
    """What learns from traffic in this App."""
    return app._parts.traffic  # pyright: ignore[reportPrivateUsage]


async def in_force(app: App, tenant: str) -> InForce:
    """What a tenant's decisions go by."""
    return await app._parts.decisions.catalogues.of(tenant)  # pyright: ignore[reportPrivateUsage]


async def test_a_tenant_with_enough_traffic_has_a_reader_of_its_own_that_others_do_not_share(app: App) -> None:
    common = (await in_force(app, TENANT)).reader
    await filed(app, TENANT, messages(LEAST_MESSAGES))
    await traffic(app).study()
    assert (await in_force(app, TENANT)).reader is not common
    assert (await in_force(app, OTHER)).reader is common


async def test_too_little_traffic_and_what_staff_says_teach_nothing(app: App) -> None:
    common = (await in_force(app, TENANT)).reader
    await filed(app, TENANT, messages(LEAST_MESSAGES - 1))
    await filed(app, TENANT, messages(LEAST_MESSAGES, actor=Actor.AGENT))
    await traffic(app).study()
    assert (await in_force(app, TENANT)).reader is common


async def test_nothing_is_learnt_anew_while_it_is_too_soon(app: App) -> None:
    await filed(app, TENANT, messages(LEAST_MESSAGES))
    await traffic(app).study()
    learnt = (await in_force(app, TENANT)).reader
    await filed(app, TENANT, messages(10))
    await traffic(app).study()
    assert (await in_force(app, TENANT)).reader is learnt


async def test_what_an_erased_customer_wrote_is_dropped_at_once_and_left_out_from_then_on(app: App) -> None:
    common = (await in_force(app, TENANT)).reader
    ada = await filed(app, TENANT, messages(LEAST_MESSAGES))
    await filed(app, TENANT, messages(LEAST_MESSAGES - 1, by="bob@x.example"))
    await traffic(app).study()
    learnt = (await in_force(app, TENANT)).reader
    await app.customers.erase(TENANT, ada)
    assert (await in_force(app, TENANT)).reader is common is not learnt
    await traffic(app).study()
    assert (await in_force(app, TENANT)).reader is common


async def test_a_catalogue_put_later_is_not_read_by_what_was_learnt_for_the_one_before(app: App) -> None:
    await filed(app, TENANT, messages(LEAST_MESSAGES))
    await traffic(app).study()
    put = await app.decisions.put_catalogue(
        TENANT, "{name: mine, actions: [{id: wait, label: Wait, intents: {any: 0.5}}]}", as_json=False
    )
    assert (await in_force(app, TENANT)).version == put.version
    assert (await in_force(app, TENANT)).catalogue.name == "mine"
