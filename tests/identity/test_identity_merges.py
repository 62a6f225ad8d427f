"""Joining and parting customers by hand, and what may be asked of them."""

from datetime import UTC, datetime, timedelta

import pytest

from app.errors import IdentityConflict, InvalidRequest, NotFound, UnknownConversation, UnknownCustomer
from app.identity import Rules
from app.identity.normalise import key_of
from app.models import Kind, Match, Subject, VerificationStatus
from tests.support.builders import START, draft
from tests.support.identity_world import ACCOUNT, COOKIE, EMAIL, PHONE, World, claimed, proved, world_with

HOUR = timedelta(hours=1)


@pytest.fixture
def world() -> World:
    return world_with(Rules())


# --- joining and parting by hand ------------------------------------------------------------------------------------


async def test_the_customer_named_first_survives_a_merge_and_the_other_id_leads_to_it(world: World) -> None:
    first, second = await world.arrives(EMAIL), await world.arrives(PHONE)
    merge = await world.identities.merge("t", second.customer_id or "", first.customer_id or "", reason="same person")
    assert (merge.survivor, merge.absorbed) == (second.customer_id, first.customer_id)
    joined = await world.identities.customer("t", first.customer_id or "")
    assert joined.customer_id == second.customer_id
    assert await world.timeline(joined.customer_id) == [first.interaction_id, second.interaction_id]
    assert {identifier.type for identifier in joined.identifiers} == {"email", "phone"}


async def test_an_undone_merge_is_as_if_it_had_never_been(world: World) -> None:
    first, second = await world.arrives(EMAIL), await world.arrives(PHONE)
    survivor, absorbed = first.customer_id or "", second.customer_id or ""
    before = [await world.identities.customer("t", customer) for customer in (survivor, absorbed)]
    merge = await world.identities.merge("t", survivor, absorbed)
    await world.identities.unmerge("t", survivor, merge.merge_id)
    assert [await world.identities.customer("t", customer) for customer in (survivor, absorbed)] == before
    assert await world.timeline(survivor) == [first.interaction_id]
    assert await world.timeline(absorbed) == [second.interaction_id]
    assert await world.whose(PHONE) == absorbed


async def test_rules_do_not_rejoin_whom_somebody_took_apart(world: World) -> None:
    survivor, absorbed = await world.whose(EMAIL), await world.whose(PHONE)
    merge = await world.identities.merge("t", survivor, absorbed)
    await world.identities.unmerge("t", survivor, merge.merge_id)
    resolution = await world.identities.resolve("t", [EMAIL, PHONE])
    assert (resolution.match, resolution.candidates) == (Match.AMBIGUOUS, tuple(sorted((survivor, absorbed))))
    again = await world.identities.merge("t", survivor, absorbed)
    assert (again.survivor, again.absorbed) == (survivor, absorbed)


async def test_a_visitor_taken_out_of_a_customer_again_stays_out(world: World) -> None:
    visitor = await world.whose(COOKIE, conversation="c1")
    owner = await world.whose(EMAIL)
    await world.whose(EMAIL, conversation="c1")
    (merge,) = world.merges()
    await world.identities.unmerge("t", owner, merge.merge_id)
    assert await world.timeline(visitor) != []
    assert await world.whose(COOKIE, conversation="c2") == visitor
    assert await world.whose(EMAIL, conversation="c2") == owner
    assert (await world.identities.customer("t", visitor)).customer_id == visitor


async def test_what_was_proved_while_two_were_one_goes_with_whose_proof_it_was(world: World) -> None:
    survivor, absorbed = await world.whose(EMAIL, conversation="c1"), await world.whose(PHONE)
    merge = await world.identities.merge("t", survivor, absorbed)
    during = await world.arrives(PHONE, conversation="c1")
    assert during.customer_id == survivor
    await world.identities.unmerge("t", survivor, merge.merge_id)
    assert await world.owner(during) == absorbed


async def test_merges_can_be_undone_in_any_order(world: World) -> None:
    a, b, c = [await world.whose(proved("email", f"{name}@example.com")) for name in "abc"]
    first = await world.identities.merge("t", b, c)
    second = await world.identities.merge("t", a, b)
    assert (await world.identities.customer("t", c)).customer_id == a
    await world.identities.unmerge("t", a, first.merge_id)
    assert [(await world.identities.customer("t", customer)).customer_id for customer in (a, b, c)] == [a, a, c]
    await world.identities.unmerge("t", b, second.merge_id)
    assert [(await world.identities.customer("t", customer)).customer_id for customer in (a, b, c)] == [a, b, c]


async def test_customers_with_different_account_ids_cannot_be_merged_by_hand(world: World) -> None:
    customer, other = await world.whose(proved("account_id", "A1")), await world.whose(claimed("account_id", "A2"))
    with pytest.raises(IdentityConflict):
        await world.identities.merge("t", customer, other)
    with pytest.raises(IdentityConflict):
        await world.identities.merge("t", customer, customer)
    with pytest.raises(UnknownCustomer):
        await world.identities.merge("t", customer, "cus_unknown")
    assert (await world.identities.customer("t", other)).customer_id == other


async def test_only_a_merge_in_force_of_that_customer_can_be_undone(world: World) -> None:
    survivor, absorbed, third = await world.whose(EMAIL), await world.whose(PHONE), await world.whose(COOKIE)
    merge = await world.identities.merge("t", survivor, absorbed)
    with pytest.raises(NotFound):
        await world.identities.unmerge("t", third, merge.merge_id)
    with pytest.raises(NotFound):
        await world.identities.unmerge("t", survivor, "mrg_unknown")
    with pytest.raises(UnknownCustomer):
        await world.identities.unmerge("t", "cus_unknown", merge.merge_id)
    await world.identities.unmerge("t", survivor, merge.merge_id)
    with pytest.raises(NotFound):
        await world.identities.unmerge("t", survivor, merge.merge_id)


# --- a customer -----------------------------------------------------------------------------------------------------


async def test_a_customer_says_how_and_when_they_last_proved_who_they_are(world: World) -> None:
    later = START + timedelta(days=1)
    await world.arrives(proved("account_id", "A1", at=START, method="login"), claimed("email", "one@example.com"))
    proof = await world.arrives(proved("phone", "+4915112345678", at=later, method="one-time code"), ACCOUNT)
    newest = await world.arrives(proved("phone", "+4915112345678", at=START), conversation="c1")
    customer = await world.identities.customer("t", proof.customer_id or "")
    assert customer.verification_status is VerificationStatus.VERIFIED
    assert {identifier.type for identifier in customer.identifiers if identifier.verified} == {"account_id", "phone"}
    phone = next(identifier for identifier in customer.identifiers if identifier.type == "phone")
    assert (phone.verified_at, phone.method) == (later, "one-time code")
    assert newest.customer_id == customer.customer_id


async def test_the_newest_proof_is_the_verification_with_its_evidence(world: World) -> None:
    later = START + timedelta(days=1)
    await world.arrives(proved("account_id", "A1", at=START, method="login"))
    proof = await world.arrives(proved("account_id", "A1", at=later, method="pin"))
    verification = (await world.identities.customer("t", proof.customer_id or "")).verification
    assert verification is not None
    assert (verification.method, verification.at) == ("pin", later)
    assert verification.evidence == (proof.interaction_id,)


async def test_a_proof_without_a_time_was_given_when_the_interaction_happened(world: World) -> None:
    (result,) = await world.recorder.record("t", [draft(identifiers=(EMAIL,), occurred_at=START)])
    verification = (await world.identities.customer("t", result.customer_id or "")).verification
    assert verification is not None
    assert verification.at == START


@pytest.mark.parametrize("kind", [Kind.EDIT, Kind.DELETION])
@pytest.mark.parametrize("first", [0, 1])
async def test_an_edit_or_deletion_proves_nobody_whether_it_comes_before_its_message_or_after(
    world: World, kind: Kind, first: int
) -> None:
    who = (proved("phone", "+4915112345678", method="caller id"),)
    text = "I moved to Essen." if kind is Kind.EDIT else ""
    rows = [
        draft("I moved.", id="m", conversation_id="c1", identifiers=who, occurred_at=START),
        draft(text, id="e", target_id="m", kind=kind, conversation_id="c1", identifiers=who, occurred_at=START + HOUR),
    ]
    for row in (rows[first], rows[1 - first]):
        await world.recorder.record("t", [row])
    (message,) = await world.ledger.by_caller_ids("t", ["m"])
    customer = await world.identities.customer("t", message.identity_id)
    verification = customer.verification
    assert verification is not None
    assert (verification.method, verification.at) == ("caller id", START)
    assert verification.evidence == (message.interaction_id,)


async def test_a_customer_was_made_when_they_first_came(world: World) -> None:
    before = datetime.now(UTC)
    customer = await world.identities.customer("t", await world.whose(EMAIL))
    assert customer.created_at is not None
    assert before - timedelta(milliseconds=1) <= customer.created_at <= datetime.now(UTC)


# --- whom a request is about ----------------------------------------------------------------------------------------


async def test_a_request_is_about_its_customer_then_its_conversation_then_its_identifiers(world: World) -> None:
    customer, other = await world.whose(EMAIL, conversation="c1"), await world.whose(PHONE, conversation="c2")
    asked = [
        (Subject(customer_id=customer, conversation_id="c1", identifiers=(PHONE,)), customer),
        (Subject(conversation_id="c2"), other),
        (Subject(conversation_id="c2", identifiers=(EMAIL,)), other),
        (Subject(identifiers=(EMAIL,)), customer),
        (Subject(conversation_id="unknown", identifiers=(EMAIL,)), customer),
    ]
    for subject, expected in asked:
        assert (await world.identities.subject("t", subject)).customer_id == expected


async def test_identifiers_beside_an_anonymous_conversation_name_its_customer(world: World) -> None:
    owner = await world.whose(EMAIL)
    began = await world.arrives(conversation="c1")
    customer = await world.identities.subject("t", Subject(conversation_id="c1", identifiers=(EMAIL,)))
    assert customer.customer_id == await world.owner(began) == owner


async def test_unknown_identifiers_in_a_request_make_a_new_customer(world: World) -> None:
    customer = await world.identities.subject("t", Subject(identifiers=(EMAIL,)))
    assert await world.whose(EMAIL) == customer.customer_id


async def test_a_merged_away_id_in_a_request_leads_to_the_survivor(world: World) -> None:
    survivor, absorbed = await world.whose(EMAIL), await world.whose(PHONE)
    await world.identities.merge("t", survivor, absorbed)
    assert (await world.identities.subject("t", Subject(customer_id=absorbed))).customer_id == survivor


async def test_a_request_about_nobody_is_told_what_is_missing(world: World) -> None:
    with pytest.raises(UnknownCustomer):
        await world.identities.subject("t", Subject(customer_id="cus_unknown"))
    with pytest.raises(UnknownConversation):
        await world.identities.subject("t", Subject(conversation_id="unknown"))
    with pytest.raises(InvalidRequest):
        await world.identities.subject("t", Subject())
    with pytest.raises(InvalidRequest):
        await world.identities.resolve("t", [claimed("email", "  ")])


# --- the comparable form --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "written", "comparable"),
    [
        ("Email", " Person.One@EXAMPLE.Com ", ("email", "person.one@example.com")),
        ("email", "person@exämple.com", ("email", "person@exämple.com")),
        ("email", "person@xn--exmple-cua.com", ("email", "person@exämple.com")),
        ("email", "Person@intranet.test", ("email", "person@intranet.test")),
        ("email", " Not an address ", ("email", "not an address")),
        ("phone", "+49 (0)151 1234-5678", ("phone", "+4915112345678")),
        ("phone", "0049 151 12345678", ("phone", "+4915112345678")),
        ("phone", "whatsapp:+4915112345678", ("phone", "+4915112345678")),
        ("phone", "+49 30 123456 ext. 7", ("phone", "+4930123456;ext=7")),
        ("phone", " 0151 / 1234-5678 ", ("phone", "015112345678")),
        ("phone", "+1 23", ("phone", "123")),
        ("phone", "withheld", ("phone", "withheld")),
        ("social_handle", " @Person_One ", ("social_handle", "person_one")),
        (" Account_ID ", " a-17 B ", ("account_id", "a-17 B")),
        ("loyalty card", " 17 ", ("loyalty card", "17")),
    ],
)
def test_an_identifier_is_compared_in_one_form_however_it_is_written(
    kind: str, written: str, comparable: tuple[str, str]
) -> None:
    assert key_of(kind, written) == comparable
    assert key_of(*comparable) == comparable


async def test_the_same_identifier_written_differently_leads_to_the_same_customer(world: World) -> None:
    first = await world.whose(proved("email", "Person@Example.com"), proved("phone", "+49 151 1234 5678"))
    assert await world.whose(proved("EMAIL", "person@example.COM")) == first
    assert await world.whose(proved("phone", "004915112345678")) == first


async def test_of_the_same_identifier_twice_the_verified_one_counts(world: World) -> None:
    first = await world.whose(EMAIL)
    assert await world.whose(claimed("email", "one@example.com"), EMAIL) == first
    assert await world.whose(EMAIL, claimed("email", "one@example.com")) == first
