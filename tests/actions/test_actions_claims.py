"""Next best actions where something is claimed, denied, hardly meant or said to have failed."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from time import perf_counter
from typing import Any

import pytest

from app.actions import DecisionMaker, parse_catalogue
from app.adapters.embeddings import MiniLM
from app.adapters.memory import MemoryArchive, MemoryVectors
from app.models import Customer, Identifier, Interaction, Outcome, Snapshot
from app.nlu.steps import steps
from app.nlu.wants import without_the_unwanted
from tests.actions.test_actions import CATALOGUE, decide, ids, looked_up
from tests.support.builders import START, interaction, snapshot
from tests.support.cases import understood

SENDING: dict[str, Any] = {
    "name": "sending",
    "intents": [
        {
            "name": "refund",
            "label": "Money back",
            "examples": ["I want a refund for my order", "Give me my money back"],
        },
        {
            "name": "missing",
            "label": "A part is missing",
            "examples": ["One shoe is missing, send it to me", "I want the missing item sent to me"],
        },
    ],
    "actions": [
        {
            "id": "send_link",
            "label": "Send a link",
            "intents": {"any": 1.0},
            "parameters": [{"name": "email", "from": "identifier.email"}],
            "script": "I will send a link to {email}.",
        },
        {
            "id": "file_claim",
            "label": "File a claim",
            "intents": {"any": 0.9},
            "parameters": [{"name": "reference", "from": ["mention.code", "mention.number"], "required": False}],
            "policy": {"eligibility": "customer.identifiers.email != 'blocked@example.com'"},
        },
        {"id": "pay_back", "label": "Pay back", "intents": ["refund"]},
        {"id": "send_rest", "label": "Send the rest", "intents": ["missing"]},
    ],
}


@pytest.fixture(scope="module")
def embedder() -> MiniLM:
    return MiniLM()


@pytest.fixture
def archive() -> MemoryArchive:
    return MemoryArchive()


@pytest.fixture
def maker(embedder: MiniLM, archive: MemoryArchive) -> DecisionMaker:
    return DecisionMaker(parse_catalogue(CATALOGUE), embedder, archive, vectors=MemoryVectors())


@pytest.fixture
def sending(embedder: MiniLM, archive: MemoryArchive) -> DecisionMaker:
    return DecisionMaker(parse_catalogue(SENDING), embedder, archive, vectors=MemoryVectors())


def email(value: str, day: int | None = None) -> Identifier:
    """An e-mail address, verified on a day after the start, or only claimed."""
    verified_at = START + timedelta(days=day) if day is not None else None
    return Identifier(type="email", value=value, verified=day is not None, verified_at=verified_at)


def known_by(rows: Sequence[Interaction], *identifiers: Identifier) -> Snapshot:
    """A case of a customer who is known by these identifiers."""
    customer = Customer(customer_id="cus_1", identity_ids=("cus_1",), identifiers=identifiers)
    return snapshot(rows).model_copy(update={"customer": customer})


async def test_a_verified_identifier_fills_a_parameter_and_a_claimed_one_never_in_its_stead(
    sending: DecisionMaker,
) -> None:
    claimed, old, new = email("blocked@example.com"), email("old@example.com", 1), email("new@example.com", 2)
    proof = interaction(1, "Hello").model_copy(update={"identifiers": (new,)})
    claim = interaction(2, "Please send it").model_copy(update={"identifiers": (claimed,)})
    decision = await decide(sending, known_by([proof, claim], claimed, old, new, claimed), limit=5)
    link = next(action for action in decision.actions if action.action_id == "send_link")
    assert link.script == "I will send a link to new@example.com."
    assert "int_1" in link.evidence
    assert "file_claim" in ids(decision)


async def test_a_claimed_identifier_is_used_where_none_is_verified(sending: DecisionMaker) -> None:
    decision = await decide(sending, known_by([interaction(1, "Please send it")], email("claimed@example.com")))
    assert decision.actions[0].parameters == {"email": "claimed@example.com"}


@pytest.mark.parametrize(
    ("utterances", "reference"),
    [
        (["The app shows error E-1047", "It still says E-1047, I want a refund"], None),
        (["My order is AB-2001", "Sorry, I mean order 88120045"], "88120045"),
        (["My order is 88120045", "Sorry, I mean order AB-2001"], "AB-2001"),
    ],
)
async def test_a_reference_is_what_was_named_last_and_never_an_error(
    sending: DecisionMaker, utterances: Sequence[str], reference: str | None
) -> None:
    rows = [interaction(seq, text) for seq, text in enumerate(utterances, 1)]
    decision = await decide(sending, known_by(rows, email("one@example.com")), limit=5)
    claim = next(action for action in decision.actions if action.action_id == "file_claim")
    assert claim.parameters.get("reference") == reference


@pytest.mark.parametrize(
    "text",
    [
        "I don't want a refund for my order, I want the missing boot sent to me",
        "I want the missing boot sent to me instead of a refund for my order",
        "I want the missing boot sent to me rather than a refund for my order",
        "I'm not asking for a refund for my order but I want the missing boot sent to me",
    ],
)
async def test_what_the_customer_does_not_want_is_no_wish(sending: DecisionMaker, text: str) -> None:
    intent = (await understood(sending, snapshot([interaction(1, text)]))).intent
    assert intent.name == "missing"
    assert all(alternative.confidence < 0.2 for alternative in intent.alternatives)


def test_a_denial_that_never_ends_is_read_quickly() -> None:
    began = perf_counter()
    without_the_unwanted("i don't want it " * 5_000)
    assert perf_counter() - began < 2


@pytest.mark.parametrize("text", ["I don't need a refund for my order.", "No refund please."])
async def test_who_only_says_what_they_do_not_want_has_no_intent(sending: DecisionMaker, text: str) -> None:
    assert (await understood(sending, snapshot([interaction(1, text)]))).intent.name is None


@pytest.mark.parametrize("text", ["I don't want to pay this fine", "I don't want this late fee on my card"])
async def test_what_the_customer_wants_to_be_rid_of_is_still_the_matter(maker: DecisionMaker, text: str) -> None:
    assert (await understood(maker, snapshot([interaction(1, text)]))).intent.name == "fee"


async def test_what_fits_a_clear_wish_badly_does_not_put_it_in_doubt_and_is_offered_only_where_nothing_else_is(
    embedder: MiniLM, archive: MemoryArchive
) -> None:
    wish = {"name": "renew", "label": "Keep a book longer", "examples": ["I want to renew my book"]}
    faint = {"id": "faint", "label": "Faint", "intents": {"renew": 0.1}, "value": 100.0}
    fair = {"id": "fair", "label": "Fair", "intents": {"renew": 0.4}}
    good = {"id": "good", "label": "Good", "intents": ["renew"]}
    case = snapshot([interaction(1, "I want to renew my book")])

    async def offered(*actions: Mapping[str, Any]) -> dict[str, str]:
        catalogue = parse_catalogue({"name": "test", "intents": [wish], "actions": list(actions)})
        decision = await decide(DecisionMaker(catalogue, embedder, archive, vectors=MemoryVectors()), case)
        return {action.action_id: action.reason for action in decision.actions}

    together = await offered(faint, fair, good)
    assert list(together) == ["good", "fair"]
    assert together["good"].startswith("The customer wants: Keep a book longer")
    assert together["fair"].startswith("The customer wants: Keep a book longer. This fits by 4")
    assert list(await offered(faint)) == ["faint"]


# --- how a step ended -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        '{"result": "fail"}',
        '{"status": "NOK"}',
        '{"outcome": "unsuccessful"}',
        '{"result": "not ok"}',
        "fail",
        "Not OK",
    ],
)
def test_a_result_that_says_in_a_word_that_it_failed_has_failed(text: str) -> None:
    (step,) = steps([looked_up(text)])
    assert step.outcome is Outcome.FAILED


@pytest.mark.parametrize("text", ['{"payment_id": "p1", "status": "declined"}', '{"result": "ok"}', "Not okay to sell"])
def test_a_record_that_was_looked_up_has_not_failed(text: str) -> None:
    (step,) = steps([looked_up(text)])
    assert step.outcome is Outcome.SUCCEEDED
