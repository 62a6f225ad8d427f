"""Which passages are laid beside which action."""

from collections.abc import Mapping, Sequence

from app.adapters.embeddings import MiniLM
from app.knowledge import AdvisedAction, Situation
from app.models import HandoffReason, KnowledgePassage, Reason, Snapshot
from tests.support.builders import interaction, snapshot
from tests.support.knowledge_room import CountingEmbedder, Shelves

TENANT = "default"
REFUND = AdvisedAction("refund", "File a refund", frozenset({"refund"}))
RESEND = AdvisedAction("resend", "Send it again", frozenset({"lost", "refund"}))
ASKED = Situation(("I want my money back for the broken kettle",), "refund", "Get money back")


async def beside(
    shelves: Shelves,
    situation: Situation = ASKED,
    actions: Sequence[AdvisedAction] = (REFUND, RESEND),
    case: Snapshot | None = None,
) -> Mapping[str, list[str]]:
    """The ids of the articles beside each action."""
    given: Mapping[str, Sequence[KnowledgePassage]] = await shelves.room.adviser.beside(
        case or snapshot([interaction(1, situation.asked[0] if situation.asked else "Hello")]), situation, actions
    )
    return {action_id: [passage.article_id for passage in passages] for action_id, passages in given.items()}


async def test_an_article_stands_beside_the_action_that_it_names() -> None:
    shelves = Shelves()
    await shelves.put("steps", "Look up the order first.", tenant=TENANT, actions=("resend",))
    assert await beside(shelves) == {"refund": [], "resend": ["steps"]}


async def test_an_article_for_an_intent_stands_once_beside_the_best_action_for_it() -> None:
    shelves = Shelves()
    await shelves.put("rules", "Money is given back within a month.", tenant=TENANT, intents=("refund",))
    await shelves.put("other", "Money is given back within a month.", tenant=TENANT, intents=("lost",))
    assert await beside(shelves) == {"refund": ["rules"], "resend": []}


async def test_an_article_that_names_nothing_stands_where_it_fits_best_and_only_if_it_fits_well() -> None:
    shelves = Shelves(embedder=MiniLM())
    text = "To file a refund for a broken kettle, note the order and give the money back."
    await shelves.put("kettles", text, tenant=TENANT, title="Money back for a broken kettle")
    await shelves.put("parking", "Visitors park behind the house.", tenant=TENANT)
    await shelves.index()
    assert await beside(shelves) == {"refund": ["kettles"], "resend": []}
    assert await beside(shelves, Situation(("My lamp flickers at night",))) == {"refund": [], "resend": []}


async def test_no_more_than_two_stand_beside_an_action_the_best_first() -> None:
    shelves = Shelves()
    for name, text in (
        ("far", "Nothing of the kind."),
        ("near", "A broken kettle."),
        ("nearest", "Broken kettle, money back."),
    ):
        await shelves.put(name, text, tenant=TENANT, actions=("refund",))
    assert (await beside(shelves))["refund"] == ["nearest", "near"]


async def test_the_reason_and_what_was_tried_in_vain_are_looked_for_too() -> None:
    shelves = Shelves()
    await shelves.put("label", "Printing a return label needs a postcode.", tenant=TENANT, actions=("refund",))
    await shelves.put("voucher", "A voucher is worth its price.", tenant=TENANT, actions=("refund",))
    await shelves.put("kettle", "A kettle.", tenant=TENANT, actions=("refund",))
    tried = interaction(2, kind="event", name="print_return_label", outcome="failed")
    case = snapshot([interaction(1, "Hello there"), tried])
    assert (await beside(shelves, Situation(("Hello there",)), case=case))["refund"][0] == "label"
    reason = Reason(code=HandoffReason.MISSING_KNOWLEDGE, detail="What is a voucher worth?")
    handed_on = Situation(("Hello there",), reason=reason)
    assert (await beside(shelves, handed_on, case=snapshot([interaction(1, "Hello there")])))["refund"][0] == "voucher"


async def test_articles_that_have_ended_are_left_out() -> None:
    shelves = Shelves()
    case = snapshot([interaction(1, ASKED.asked[0])])
    await shelves.put("old", "Money back.", tenant=TENANT, actions=("refund",), valid_until=case.now)
    assert await beside(shelves, case=case) == {"refund": [], "resend": []}


async def test_the_language_of_the_conversation_comes_first() -> None:
    shelves = Shelves()
    for language in ("en", "de"):
        await shelves.put(language, "Wasserkocher: Geld zurück.", tenant=TENANT, language=language, actions=("refund",))
    asked = Situation(("Ich möchte bitte das Geld für den Wasserkocher zurück, der nicht mehr geht",))
    assert (await beside(shelves, asked))["refund"] == ["de"]


async def test_a_tenant_without_articles_costs_no_embedding_and_no_vectors() -> None:
    embedder = CountingEmbedder()
    shelves = Shelves(embedder=embedder)
    await shelves.put("elsewhere", "Money back.", tenant="other", actions=("refund",))
    assert await beside(shelves) == {}
    assert embedder.texts == []
