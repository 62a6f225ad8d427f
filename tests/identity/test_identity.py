"""Who a customer is: each rule by an example."""

import pytest

from app.errors import UnknownCustomer
from app.identity import SHARING_CAP, Rules
from app.models import Match, VerificationStatus
from tests.support.builders import draft
from tests.support.identity_world import ACCOUNT, COOKIE, EMAIL, PHONE, World, claimed, proved, world_with


@pytest.fixture
def world() -> World:
    return world_with(Rules())


# --- verified identifiers -------------------------------------------------------------------------------------------


async def test_identifiers_that_nobody_holds_make_a_new_customer(world: World) -> None:
    resolution = await world.identities.resolve("t", [EMAIL])
    assert (resolution.match, resolution.candidates) == (Match.NEW, ())
    assert resolution.verification_status is VerificationStatus.VERIFIED
    assert await world.identities.customer("t", resolution.customer_id)


async def test_a_verified_identifier_leads_to_the_customer_who_holds_it(world: World) -> None:
    first = await world.whose(EMAIL, conversation="c1")
    resolution = await world.identities.resolve("t", [EMAIL])
    assert (resolution.customer_id, resolution.match) == (first, Match.EXACT)
    assert await world.whose(EMAIL, conversation="c2") == first
    assert len(await world.timeline(first)) == 2


async def test_a_new_verified_identifier_beside_a_known_one_is_the_same_customers(world: World) -> None:
    first = await world.whose(EMAIL)
    assert await world.whose(EMAIL, PHONE) == first
    assert await world.whose(PHONE) == first


async def test_verified_identifiers_of_two_customers_join_them_under_the_older_one(world: World) -> None:
    older, younger = await world.arrives(EMAIL), await world.arrives(PHONE)
    resolution = await world.identities.resolve("t", [PHONE, EMAIL])
    assert (resolution.customer_id, resolution.match) == (older.customer_id, Match.MERGED)
    assert await world.timeline(older.customer_id or "") == [older.interaction_id, younger.interaction_id]
    assert (await world.identities.customer("t", younger.customer_id or "")).customer_id == older.customer_id


async def test_a_merge_names_the_interactions_it_stands_on(world: World) -> None:
    first, second = await world.arrives(EMAIL), await world.arrives(PHONE)
    third = await world.arrives(EMAIL, PHONE)
    (merge,) = world.merges()
    assert merge.evidence == (first.interaction_id, second.interaction_id, third.interaction_id)
    assert (merge.survivor, merge.absorbed) == (first.customer_id, second.customer_id)


async def test_verified_identifiers_of_three_customers_are_ambiguous_and_join_nobody(world: World) -> None:
    three = [proved("email", f"{name}@example.com") for name in ("a", "b", "c")]
    customers = [await world.whose(identifier) for identifier in three]
    resolution = await world.identities.resolve("t", three)
    assert (resolution.match, list(resolution.candidates)) == (Match.AMBIGUOUS, sorted(customers))
    assert resolution.customer_id not in customers
    assert [await world.whose(identifier) for identifier in three] == customers


async def test_customers_with_different_account_ids_are_never_joined(world: World) -> None:
    customer = await world.whose(proved("account_id", "A1"), EMAIL)
    other = await world.whose(proved("account_id", "A2"), PHONE)
    resolution = await world.identities.resolve("t", [EMAIL, PHONE])
    assert (resolution.match, resolution.candidates) == (Match.AMBIGUOUS, tuple(sorted((customer, other))))
    assert await world.whose(EMAIL) == customer
    assert await world.whose(PHONE) == other


async def test_a_shared_phone_leaves_two_account_holders_apart(world: World) -> None:
    customer = await world.whose(proved("account_id", "A1"), PHONE)
    other = await world.whose(proved("account_id", "A2"), PHONE)
    assert customer != other
    assert await world.whose(proved("account_id", "A1"), PHONE) == customer
    assert await world.whose(proved("account_id", "A2"), PHONE) == other
    alone = await world.identities.resolve("t", [PHONE])
    assert (alone.match, alone.candidates) == (Match.AMBIGUOUS, tuple(sorted((customer, other))))


async def test_an_identifier_that_is_shared_leaves_the_other_one_to_decide(world: World) -> None:
    await world.whose(proved("account_id", "A1"), PHONE)
    await world.whose(proved("account_id", "A2"), PHONE)
    third = await world.whose(EMAIL)
    assert await world.whose(EMAIL, PHONE) == third


async def test_an_identifier_stops_joining_people_at_the_cap(world: World) -> None:
    people = [proved("email", f"person{number}@example.com") for number in range(SHARING_CAP + 2)]
    customers = [await world.whose(person) for person in people]
    met = [await world.whose(person, PHONE) for person in people]
    assert met[:SHARING_CAP] == [customers[0]] * SHARING_CAP
    assert met[SHARING_CAP:] == customers[SHARING_CAP:]
    assert (await world.identities.resolve("t", [PHONE])).match is Match.AMBIGUOUS


async def test_a_device_of_many_account_holders_joins_none_of_them(world: World) -> None:
    kiosk = proved("device_id", "kiosk")
    accounts = [proved("account_id", f"A{number}") for number in range(SHARING_CAP + 3)]
    customers = [await world.whose(account, kiosk) for account in accounts]
    assert len(set(customers)) == len(customers)
    stranger = await world.whose(EMAIL)
    assert await world.whose(EMAIL, kiosk) == stranger
    assert await world.whose(kiosk) not in {*customers, stranger}
    assert [await world.whose(account, kiosk) for account in accounts] == customers


async def test_the_cap_can_be_chosen() -> None:
    world = world_with(Rules(sharing_cap=1))
    customer, other = await world.whose(EMAIL), await world.whose(PHONE)
    assert customer != other
    assert (await world.identities.resolve("t", [EMAIL, PHONE])).match is Match.AMBIGUOUS


async def test_a_verified_account_id_decides_among_several(world: World) -> None:
    account = await world.whose(ACCOUNT)
    others = [await world.whose(EMAIL), await world.whose(PHONE)]
    resolution = await world.identities.resolve("t", [ACCOUNT, EMAIL, PHONE])
    assert (resolution.customer_id, resolution.match) == (account, Match.AMBIGUOUS)
    assert list(resolution.candidates) == sorted(others)
    assert [await world.whose(EMAIL), await world.whose(PHONE)] == others


async def test_of_two_account_ids_that_arrive_together_one_is_kept(world: World) -> None:
    first = await world.whose(proved("account_id", "A1"), proved("account_id", "A2"))
    assert await world.whose(proved("account_id", "A1")) == first
    assert await world.whose(proved("account_id", "A2")) != first


async def test_a_verified_device_alone_proves_nobody(world: World) -> None:
    device = proved("device_id", "d1")
    visitor = await world.whose(device, claimed("email", "one@example.com"))
    assert await world.whose(claimed("email", "one@example.com")) == visitor


# --- unverified identifiers -----------------------------------------------------------------------------------------


async def test_an_unverified_identifier_that_somebody_proved_is_ambiguous_and_opens_nothing(world: World) -> None:
    owner = await world.whose(EMAIL)
    resolution = await world.identities.resolve("t", [claimed("email", "one@example.com")])
    assert (resolution.match, resolution.candidates) == (Match.AMBIGUOUS, (owner,))
    assert resolution.customer_id != owner
    assert resolution.verification_status is VerificationStatus.CLAIMED
    stranger = await world.identities.customer("t", resolution.customer_id)
    assert (stranger.identifiers, stranger.verification) == ((), None)
    assert await world.timeline(resolution.customer_id) == []


async def test_strangers_who_claim_what_somebody_proved_do_not_meet_each_other(world: World) -> None:
    await world.whose(EMAIL)
    claim = claimed("email", "one@example.com")
    assert await world.whose(claim) != await world.whose(claim)
    assert (await world.identities.resolve("t", [EMAIL])).match is Match.EXACT


async def test_whoever_proves_a_claim_takes_no_other_conversation_along_in_which_it_was_only_claimed(
    world: World,
) -> None:
    owner = await world.whose(PHONE)
    claim = claimed("phone", "+4915112345678")
    somebody = await world.arrives(claim, conversation="c1")
    await world.arrives(claim, conversation="c2")
    assert await world.whose(PHONE, conversation="c2") == owner
    assert await world.owner(somebody) != owner
    assert (await world.arrives(conversation="c1")).customer_id == somebody.customer_id


async def test_a_claim_that_nobody_proved_leads_to_the_same_customer_again(world: World) -> None:
    claim = claimed("account_id", "A1")
    first = await world.whose(claim, conversation="c1")
    assert await world.whose(claim, conversation="c2") == first
    resolution = await world.identities.resolve("t", [claim])
    assert (resolution.customer_id, resolution.match) == (first, Match.EXACT)
    assert resolution.verification_status is VerificationStatus.CLAIMED


async def test_a_claim_never_opens_a_customer_who_proved_who_they_are(world: World) -> None:
    owner = await world.whose(ACCOUNT, claimed("email", "one@example.com"))
    resolution = await world.identities.resolve("t", [claimed("email", "one@example.com")])
    assert (resolution.match, resolution.candidates) == (Match.AMBIGUOUS, (owner,))
    assert resolution.customer_id != owner


async def test_what_was_claimed_is_the_same_customers_once_it_is_proved(world: World) -> None:
    first = await world.whose(claimed("email", "one@example.com"), conversation="c1")
    assert await world.whose(EMAIL, conversation="c2") == first
    assert (await world.identities.customer("t", first)).verification_status is VerificationStatus.VERIFIED


async def test_claims_of_two_customers_are_ambiguous_and_join_nobody(world: World) -> None:
    claims = [claimed("email", "one@example.com"), claimed("phone", "+4915112345678")]
    customers = [await world.whose(claim) for claim in claims]
    resolution = await world.identities.resolve("t", claims)
    assert (resolution.match, list(resolution.candidates)) == (Match.AMBIGUOUS, sorted(customers))
    assert [await world.whose(claim) for claim in claims] == customers


async def test_a_claimed_account_id_outweighs_a_cookie(world: World) -> None:
    account = await world.whose(claimed("account_id", "A1"))
    visitor = await world.whose(COOKIE)
    assert await world.whose(claimed("account_id", "A1"), COOKIE) == account
    assert await world.whose(COOKIE) == visitor


async def test_nothing_leads_to_a_customer_with_another_account_id(world: World) -> None:
    first = await world.whose(claimed("account_id", "A1"), claimed("email", "one@example.com"))
    second = await world.whose(claimed("account_id", "A2"), claimed("email", "one@example.com"))
    assert first != second
    assert await world.whose(claimed("email", "one@example.com")) == first


async def test_an_unverified_identifier_of_somebody_else_beside_a_proof_is_reported_and_nothing_more(
    world: World,
) -> None:
    customer, other = await world.whose(EMAIL), await world.whose(PHONE)
    resolution = await world.identities.resolve("t", [EMAIL, claimed("phone", "+4915112345678")])
    assert (resolution.customer_id, resolution.match, resolution.candidates) == (customer, Match.AMBIGUOUS, (other,))
    assert await world.whose(PHONE) == other


async def test_a_claim_does_not_lead_to_another_claimant_once_somebody_proved_it(world: World) -> None:
    claimant = await world.whose(claimed("account_id", "A1"), claimed("email", "one@example.com"))
    owner = await world.whose(proved("account_id", "A2"), EMAIL)
    assert owner != claimant
    resolution = await world.identities.resolve("t", [claimed("email", "one@example.com")])
    assert (resolution.match, resolution.candidates) == (Match.AMBIGUOUS, (owner,))
    assert resolution.customer_id not in {claimant, owner}


async def test_a_returning_cookie_is_the_same_anonymous_customer(world: World) -> None:
    assert await world.whose(COOKIE) == await world.whose(COOKIE)


# --- conversations --------------------------------------------------------------------------------------------------


async def test_an_interaction_without_identifiers_belongs_to_its_conversation(world: World) -> None:
    first = await world.whose(EMAIL, conversation="c1")
    assert await world.whose(conversation="c1") == first


async def test_an_interaction_without_anything_is_a_new_anonymous_customers(world: World) -> None:
    customer, other = await world.whose(), await world.whose()
    assert customer != other
    assert (await world.identities.customer("t", customer)).verification_status is VerificationStatus.UNKNOWN


async def test_an_anonymous_visitor_joins_the_customer_who_is_verified_in_the_conversation(world: World) -> None:
    before = await world.arrives(COOKIE, conversation="earlier visit")
    during = await world.arrives(COOKIE, conversation="c1")
    owner = await world.whose(EMAIL)
    assert await world.whose(EMAIL, conversation="c1") == owner
    assert await world.owner(before) == await world.owner(during) == owner
    assert await world.whose(conversation="c1") == owner


async def test_an_anonymous_visitor_who_proves_something_new_stays_who_they_are(world: World) -> None:
    visitor = await world.whose(COOKIE, conversation="c1")
    assert await world.whose(EMAIL, conversation="c1") == visitor
    assert await world.whose(EMAIL) == visitor


async def test_a_cookie_does_not_open_the_customer_it_once_belonged_to(world: World) -> None:
    owner = await world.whose(COOKIE, EMAIL, conversation="c1")
    resolution = await world.identities.resolve("t", [COOKIE])
    assert (resolution.match, resolution.candidates) == (Match.AMBIGUOUS, (owner,))
    assert resolution.customer_id != owner
    assert await world.whose(COOKIE, conversation="c2") == resolution.customer_id
    assert await world.whose(EMAIL, conversation="c2") == owner
    assert (await world.identities.customer("t", resolution.customer_id)).customer_id == owner


async def test_a_conversation_that_began_with_a_claim_joins_the_owner_who_proves_it(world: World) -> None:
    owner = await world.whose(EMAIL, PHONE)
    began = await world.arrives(claimed("email", "one@example.com"), conversation="c1")
    assert began.customer_id != owner
    assert await world.whose(PHONE, conversation="c1") == owner
    assert await world.owner(began) == owner


async def test_one_who_claims_only_what_the_verified_customer_claims_too_is_joined(world: World) -> None:
    owner = await world.whose(ACCOUNT, claimed("email", "one@example.com"))
    began = await world.arrives(claimed("email", "one@example.com"), conversation="c1")
    assert began.customer_id != owner
    assert await world.whose(ACCOUNT, conversation="c1") == owner
    assert await world.owner(began) == owner


async def test_one_whose_claim_is_proved_beside_a_known_identifier_is_joined(world: World) -> None:
    owner = await world.whose(PHONE)
    began = await world.arrives(claimed("email", "one@example.com"), conversation="c1")
    assert await world.whose(PHONE, EMAIL, conversation="c1") == owner
    assert await world.owner(began) == owner


async def test_one_who_claims_what_the_verified_customer_does_not_hold_is_not_joined(world: World) -> None:
    owner = await world.whose(PHONE)
    stranger = await world.arrives(claimed("email", "else@example.com"), conversation="c1")
    assert await world.whose(PHONE, conversation="c1") == owner
    assert await world.owner(stranger) == stranger.customer_id
    assert await world.whose(conversation="c1") == owner


async def test_a_conversation_of_nobody_yet_is_theirs_who_turns_out_to_speak(world: World) -> None:
    customer = await world.whose(claimed("account_id", "A1"), conversation="c1")
    began = await world.arrives(conversation="c2")
    assert began.customer_id != customer
    assert await world.whose(claimed("account_id", "A1"), conversation="c2") == customer
    assert await world.owner(began) == customer


async def test_a_cookie_is_not_joined_on_a_mere_claim(world: World) -> None:
    customer = await world.whose(claimed("email", "one@example.com"))
    visitor = await world.whose(COOKIE, conversation="c1")
    assert await world.whose(claimed("email", "one@example.com"), conversation="c1") == visitor
    assert await world.whose(claimed("email", "one@example.com")) == customer


async def test_somebody_elses_unverified_identifier_leaves_an_interaction_with_its_conversation(world: World) -> None:
    other = await world.whose(EMAIL)
    speaker = await world.whose(PHONE, conversation="c1")
    assert await world.whose(claimed("email", "one@example.com"), conversation="c1") == speaker
    assert await world.whose(EMAIL) == other


async def test_a_shared_phone_in_a_conversation_is_the_speakers(world: World) -> None:
    await world.whose(proved("account_id", "A1"), PHONE)
    speaker = await world.whose(proved("account_id", "A2"), PHONE, conversation="c1")
    assert await world.whose(proved("phone", PHONE.value, method="call back"), conversation="c1") == speaker
    verification = (await world.identities.customer("t", speaker)).verification
    assert verification is not None
    assert verification.method == "call back"


async def test_a_claim_that_the_speaker_proves_is_the_speakers_though_another_claims_it_too(world: World) -> None:
    await world.whose(ACCOUNT, claimed("email", "one@example.com"))
    speaker = await world.whose(claimed("email", "one@example.com"), conversation="c1")
    assert await world.whose(EMAIL, conversation="c1") == speaker


async def test_what_a_verified_speaker_proves_is_theirs_though_another_claimed_it(world: World) -> None:
    await world.whose(claimed("email", "one@example.com"))
    speaker = await world.whose(PHONE, conversation="c1")
    assert await world.whose(EMAIL, conversation="c1") == speaker
    assert await world.whose(EMAIL) == speaker


async def test_proofs_of_two_others_are_not_filed_under_the_verified_speaker(world: World) -> None:
    customer = await world.whose(proved("account_id", "A1"), EMAIL)
    other = await world.whose(proved("account_id", "A2"), PHONE)
    speaker = await world.whose(proved("account_id", "A3"), conversation="c1")
    assert await world.whose(EMAIL, PHONE, conversation="c1") not in {customer, other, speaker}


async def test_another_account_in_the_same_conversation_is_another_customer(world: World) -> None:
    first = await world.whose(proved("account_id", "A1"), conversation="c1")
    assert await world.whose(proved("account_id", "A2"), conversation="c1") != first
    assert len(await world.timeline(first)) == 1


async def test_later_rows_of_a_batch_see_what_earlier_ones_did(world: World) -> None:
    batch = [
        draft("1", identifiers=(COOKIE,), conversation_id="c1"),
        draft("2", identifiers=(EMAIL,)),
        draft("3", identifiers=(PHONE,)),
        draft("4", conversation_id="c1"),
        draft("5", identifiers=(EMAIL, PHONE)),
        draft("6", identifiers=(PHONE,), conversation_id="c1"),
        draft("7", conversation_id="c1"),
    ]
    together = await world.recorder.record("t", batch)
    assert len({result.customer_id for result in together}) == 1
    apart = world_with(Rules())
    for row in batch:
        await apart.recorder.record("t", [row])
    (customer,) = {
        await apart.owner(result) for result in (await apart.recorder.record("t", [draft(conversation_id="c1")]))
    }
    assert len(await apart.timeline(customer)) == len(batch) + 1


async def test_within_a_batch_a_visitor_who_was_joined_is_nobody_apart_any_more(world: World) -> None:
    batch = [
        draft("1", identifiers=(COOKIE,), conversation_id="c1"),
        draft("2", identifiers=(EMAIL,), conversation_id="c2"),
        draft("3", identifiers=(EMAIL,), conversation_id="c1"),
        draft("4", identifiers=(COOKIE,)),
    ]
    results = await world.recorder.record("t", batch)
    assert [result.customer_id == results[1].customer_id for result in results] == [True, True, True, False]


async def test_tenants_with_the_same_identifiers_and_conversations_never_meet(world: World) -> None:
    here = await world.whose(EMAIL, conversation="c1")
    world.tenant = "elsewhere"
    assert await world.whose(EMAIL, conversation="c1") != here
    assert (await world.identities.resolve("elsewhere", [PHONE])).match is Match.NEW
    with pytest.raises(UnknownCustomer):
        await world.identities.customer("elsewhere", here)
