"""Who a customer is: each rule by an example, and what holds whatever happens by random journeys."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from app.adapters.memory import MemoryLedger
from app.errors import IdentityConflict, InvalidRequest, NotFound, UnknownConversation, UnknownCustomer
from app.identity import SHARING_CAP, Identities, Rules
from app.identity.normalise import key_of
from app.ledger import Recorder
from app.models import Identifier, Match, Recorded, Subject, VerificationStatus
from app.ports import MergeRecord
from tests.builders import START, draft


def claimed(kind: str, value: str) -> Identifier:
    return Identifier(type=kind, value=value)


def proved(kind: str, value: str, *, at: datetime | None = None, method: str | None = None) -> Identifier:
    return Identifier(type=kind, value=value, verified=True, verified_at=at, method=method)


@dataclass
class World:
    """One tenant's ledger with what files into it and what knows its customers."""

    ledger: MemoryLedger
    recorder: Recorder
    identities: Identities
    tenant: str = "t"

    async def arrives(self, *identifiers: Identifier, conversation: str | None = None, text: str = "") -> Recorded:
        (result,) = await self.recorder.record(
            self.tenant, [draft(text, identifiers=identifiers, conversation_id=conversation)]
        )
        return result

    async def whose(self, *identifiers: Identifier, conversation: str | None = None) -> str:
        """The customer an interaction with these identifiers is filed under."""
        customer_id = (await self.arrives(*identifiers, conversation=conversation)).customer_id
        assert customer_id is not None
        return customer_id

    async def timeline(self, customer_id: str) -> list[str]:
        """The ids of all interactions of a customer."""
        customer = await self.identities.customer(self.tenant, customer_id)
        rows = await self.ledger.interactions(self.tenant, customer.identity_ids)
        return [row.interaction_id for row in rows]

    async def owner(self, result: Recorded) -> str:
        """The customer an interaction belongs to now."""
        (row,) = await self.ledger.by_ids(self.tenant, [result.interaction_id or ""])
        customer_id = await self.ledger.customer_of(self.tenant, row.identity_id)
        assert customer_id is not None
        return customer_id

    def merges(self) -> list[MergeRecord]:
        """All merges there ever were, the undone ones too."""
        return list(self.ledger._tenants[self.tenant].merges.values())  # pyright: ignore[reportPrivateUsage]

    def customers(self, tenant: str) -> set[str]:
        """All customers of a tenant."""
        of = self.ledger._tenants[tenant]  # pyright: ignore[reportPrivateUsage]
        return {of.customer(one) for one in of.parents}


def world_with(rules: Rules) -> World:
    ledger = MemoryLedger()
    return World(ledger, Recorder(ledger, rules), Identities(ledger, rules))


@pytest.fixture
def world() -> World:
    return world_with(Rules())


ACCOUNT = proved("account_id", "A1")
EMAIL = proved("email", "one@example.com")
PHONE = proved("phone", "+4915112345678")
COOKIE = claimed("cookie_id", "k1")


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
    customers = [await world.whose(one) for one in three]
    resolution = await world.identities.resolve("t", three)
    assert (resolution.match, list(resolution.candidates)) == (Match.AMBIGUOUS, sorted(customers))
    assert resolution.customer_id not in customers
    assert [await world.whose(one) for one in three] == customers


async def test_customers_with_different_account_ids_are_never_joined(world: World) -> None:
    one = await world.whose(proved("account_id", "A1"), EMAIL)
    other = await world.whose(proved("account_id", "A2"), PHONE)
    resolution = await world.identities.resolve("t", [EMAIL, PHONE])
    assert (resolution.match, resolution.candidates) == (Match.AMBIGUOUS, tuple(sorted((one, other))))
    assert await world.whose(EMAIL) == one
    assert await world.whose(PHONE) == other


async def test_a_shared_phone_leaves_two_account_holders_apart(world: World) -> None:
    one = await world.whose(proved("account_id", "A1"), PHONE)
    other = await world.whose(proved("account_id", "A2"), PHONE)
    assert one != other
    assert await world.whose(proved("account_id", "A1"), PHONE) == one
    assert await world.whose(proved("account_id", "A2"), PHONE) == other
    alone = await world.identities.resolve("t", [PHONE])
    assert (alone.match, alone.candidates) == (Match.AMBIGUOUS, tuple(sorted((one, other))))


async def test_an_identifier_that_is_shared_leaves_the_other_one_to_decide(world: World) -> None:
    await world.whose(proved("account_id", "A1"), PHONE)
    await world.whose(proved("account_id", "A2"), PHONE)
    third = await world.whose(EMAIL)
    assert await world.whose(EMAIL, PHONE) == third


async def test_an_identifier_stops_joining_people_at_the_cap(world: World) -> None:
    people = [proved("email", f"person{number}@example.com") for number in range(SHARING_CAP + 2)]
    customers = [await world.whose(one) for one in people]
    met = [await world.whose(one, PHONE) for one in people]
    assert met[:SHARING_CAP] == [customers[0]] * SHARING_CAP
    assert met[SHARING_CAP:] == customers[SHARING_CAP:]
    assert (await world.identities.resolve("t", [PHONE])).match is Match.AMBIGUOUS


async def test_a_device_of_many_account_holders_joins_none_of_them(world: World) -> None:
    kiosk = proved("device_id", "kiosk")
    accounts = [proved("account_id", f"A{number}") for number in range(SHARING_CAP + 3)]
    customers = [await world.whose(one, kiosk) for one in accounts]
    assert len(set(customers)) == len(customers)
    stranger = await world.whose(EMAIL)
    assert await world.whose(EMAIL, kiosk) == stranger
    assert await world.whose(kiosk) not in {*customers, stranger}
    assert [await world.whose(one, kiosk) for one in accounts] == customers


async def test_the_cap_can_be_chosen() -> None:
    world = world_with(Rules(sharing_cap=1))
    one, other = await world.whose(EMAIL), await world.whose(PHONE)
    assert one != other
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
    customers = [await world.whose(one) for one in claims]
    resolution = await world.identities.resolve("t", claims)
    assert (resolution.match, list(resolution.candidates)) == (Match.AMBIGUOUS, sorted(customers))
    assert [await world.whose(one) for one in claims] == customers


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
    one, other = await world.whose(EMAIL), await world.whose(PHONE)
    resolution = await world.identities.resolve("t", [EMAIL, claimed("phone", "+4915112345678")])
    assert (resolution.customer_id, resolution.match, resolution.candidates) == (one, Match.AMBIGUOUS, (other,))
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
    one, other = await world.whose(), await world.whose()
    assert one != other
    assert (await world.identities.customer("t", one)).verification_status is VerificationStatus.UNKNOWN


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
    one = await world.whose(proved("account_id", "A1"), EMAIL)
    other = await world.whose(proved("account_id", "A2"), PHONE)
    speaker = await world.whose(proved("account_id", "A3"), conversation="c1")
    assert await world.whose(EMAIL, PHONE, conversation="c1") not in {one, other, speaker}


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
    assert len({one.customer_id for one in together}) == 1
    apart = world_with(Rules())
    for one in batch:
        await apart.recorder.record("t", [one])
    (customer,) = {await apart.owner(one) for one in (await apart.recorder.record("t", [draft(conversation_id="c1")]))}
    assert len(await apart.timeline(customer)) == len(batch) + 1


async def test_within_a_batch_a_visitor_who_was_joined_is_nobody_apart_any_more(world: World) -> None:
    batch = [
        draft("1", identifiers=(COOKIE,), conversation_id="c1"),
        draft("2", identifiers=(EMAIL,), conversation_id="c2"),
        draft("3", identifiers=(EMAIL,), conversation_id="c1"),
        draft("4", identifiers=(COOKIE,)),
    ]
    results = await world.recorder.record("t", batch)
    assert [one.customer_id == results[1].customer_id for one in results] == [True, True, True, False]


async def test_tenants_with_the_same_identifiers_and_conversations_never_meet(world: World) -> None:
    here = await world.whose(EMAIL, conversation="c1")
    world.tenant = "elsewhere"
    assert await world.whose(EMAIL, conversation="c1") != here
    assert (await world.identities.resolve("elsewhere", [PHONE])).match is Match.NEW
    with pytest.raises(UnknownCustomer):
        await world.identities.customer("elsewhere", here)


# --- joining and parting by hand ------------------------------------------------------------------------------------


async def test_the_customer_named_first_survives_a_merge_and_the_other_id_leads_to_it(world: World) -> None:
    one, other = await world.arrives(EMAIL), await world.arrives(PHONE)
    merge = await world.identities.merge("t", other.customer_id or "", one.customer_id or "", reason="same person")
    assert (merge.survivor, merge.absorbed) == (other.customer_id, one.customer_id)
    joined = await world.identities.customer("t", one.customer_id or "")
    assert joined.customer_id == other.customer_id
    assert await world.timeline(joined.customer_id) == [one.interaction_id, other.interaction_id]
    assert {identifier.type for identifier in joined.identifiers} == {"email", "phone"}


async def test_an_undone_merge_is_as_if_it_had_never_been(world: World) -> None:
    one, other = await world.arrives(EMAIL), await world.arrives(PHONE)
    kept, absorbed = one.customer_id or "", other.customer_id or ""
    before = [await world.identities.customer("t", customer) for customer in (kept, absorbed)]
    merge = await world.identities.merge("t", kept, absorbed)
    await world.identities.unmerge("t", kept, merge.merge_id)
    assert [await world.identities.customer("t", customer) for customer in (kept, absorbed)] == before
    assert await world.timeline(kept) == [one.interaction_id]
    assert await world.timeline(absorbed) == [other.interaction_id]
    assert await world.whose(PHONE) == absorbed


async def test_rules_do_not_rejoin_whom_somebody_took_apart(world: World) -> None:
    one, other = await world.whose(EMAIL), await world.whose(PHONE)
    merge = await world.identities.merge("t", one, other)
    await world.identities.unmerge("t", one, merge.merge_id)
    resolution = await world.identities.resolve("t", [EMAIL, PHONE])
    assert (resolution.match, resolution.candidates) == (Match.AMBIGUOUS, tuple(sorted((one, other))))
    again = await world.identities.merge("t", one, other)
    assert (again.survivor, again.absorbed) == (one, other)


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
    one, other = await world.whose(EMAIL, conversation="c1"), await world.whose(PHONE)
    merge = await world.identities.merge("t", one, other)
    during = await world.arrives(PHONE, conversation="c1")
    assert during.customer_id == one
    await world.identities.unmerge("t", one, merge.merge_id)
    assert await world.owner(during) == other


async def test_merges_can_be_undone_in_any_order(world: World) -> None:
    a, b, c = [await world.whose(proved("email", f"{name}@example.com")) for name in "abc"]
    first = await world.identities.merge("t", b, c)
    second = await world.identities.merge("t", a, b)
    assert (await world.identities.customer("t", c)).customer_id == a
    await world.identities.unmerge("t", a, first.merge_id)
    assert [(await world.identities.customer("t", one)).customer_id for one in (a, b, c)] == [a, a, c]
    await world.identities.unmerge("t", b, second.merge_id)
    assert [(await world.identities.customer("t", one)).customer_id for one in (a, b, c)] == [a, b, c]


async def test_customers_with_different_account_ids_cannot_be_merged_by_hand(world: World) -> None:
    one, other = await world.whose(proved("account_id", "A1")), await world.whose(claimed("account_id", "A2"))
    with pytest.raises(IdentityConflict):
        await world.identities.merge("t", one, other)
    with pytest.raises(IdentityConflict):
        await world.identities.merge("t", one, one)
    with pytest.raises(UnknownCustomer):
        await world.identities.merge("t", one, "cus_unknown")
    assert (await world.identities.customer("t", other)).customer_id == other


async def test_only_a_merge_in_force_of_that_customer_can_be_undone(world: World) -> None:
    one, other, third = await world.whose(EMAIL), await world.whose(PHONE), await world.whose(COOKIE)
    merge = await world.identities.merge("t", one, other)
    with pytest.raises(NotFound):
        await world.identities.unmerge("t", third, merge.merge_id)
    with pytest.raises(NotFound):
        await world.identities.unmerge("t", one, "mrg_unknown")
    with pytest.raises(UnknownCustomer):
        await world.identities.unmerge("t", "cus_unknown", merge.merge_id)
    await world.identities.unmerge("t", one, merge.merge_id)
    with pytest.raises(NotFound):
        await world.identities.unmerge("t", one, merge.merge_id)


# --- a customer -----------------------------------------------------------------------------------------------------


async def test_a_customer_says_how_and_when_they_last_proved_who_they_are(world: World) -> None:
    later = START + timedelta(days=1)
    await world.arrives(proved("account_id", "A1", at=START, method="login"), claimed("email", "one@example.com"))
    proof = await world.arrives(proved("phone", "+4915112345678", at=later, method="one-time code"), ACCOUNT)
    newest = await world.arrives(proved("phone", "+4915112345678", at=START), conversation="c1")
    customer = await world.identities.customer("t", proof.customer_id or "")
    assert customer.verification_status is VerificationStatus.VERIFIED
    assert {one.type for one in customer.identifiers if one.verified} == {"account_id", "phone"}
    phone = next(one for one in customer.identifiers if one.type == "phone")
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


async def test_a_customer_was_made_when_they_first_came(world: World) -> None:
    before = datetime.now(UTC)
    customer = await world.identities.customer("t", await world.whose(EMAIL))
    assert customer.created_at is not None
    assert before - timedelta(milliseconds=1) <= customer.created_at <= datetime.now(UTC)


# --- whom a request is about ----------------------------------------------------------------------------------------


async def test_a_request_is_about_its_customer_then_its_conversation_then_its_identifiers(world: World) -> None:
    one, other = await world.whose(EMAIL, conversation="c1"), await world.whose(PHONE, conversation="c2")
    asked = [
        (Subject(customer_id=one, conversation_id="c2", identifiers=(PHONE,)), one),
        (Subject(conversation_id="c2"), other),
        (Subject(conversation_id="c2", identifiers=(EMAIL,)), other),
        (Subject(identifiers=(EMAIL,)), one),
        (Subject(conversation_id="unknown", identifiers=(EMAIL,)), one),
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
    one, other = await world.whose(EMAIL), await world.whose(PHONE)
    await world.identities.merge("t", one, other)
    assert (await world.identities.subject("t", Subject(customer_id=other))).customer_id == one


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


# --- whatever happens -----------------------------------------------------------------------------------------------

VALUES = {
    "account_id": ["A1", "A2", "A3"],
    "email": ["a@example.com", "b@example.com", "c@example.com"],
    "phone": ["+4915112345678", "+4915112345679"],
    "cookie_id": ["k1", "k2"],
}
identifiers = st.lists(
    st.sampled_from(sorted(VALUES)).flatmap(
        lambda kind: st.builds(
            Identifier, type=st.just(kind), value=st.sampled_from(VALUES[kind]), verified=st.booleans()
        )
    ),
    max_size=3,
)
conversations = st.sampled_from([None, "c1", "c2", "c3"])


class Journeys(RuleBasedStateMachine):
    """Random arrivals, merges and unmerges in two tenants."""

    @initialize()
    def begin(self) -> None:
        self.runner = asyncio.Runner()
        self.world = world_with(Rules())
        self.filed: dict[str, dict[str, str]] = {"a": {}, "b": {}}
        self.merges: list[tuple[str, str, str]] = []

    def teardown(self) -> None:
        if hasattr(self, "runner"):
            self.runner.close()

    @rule(
        tenant=st.sampled_from(["a", "b"]),
        batch=st.lists(st.tuples(identifiers, conversations), min_size=1, max_size=4),
    )
    def arrive(self, tenant: str, batch: Sequence[tuple[Sequence[Identifier], str | None]]) -> None:
        drafts = [draft(identifiers=tuple(given), conversation_id=conversation) for given, conversation in batch]
        results = self.runner.run(self.world.recorder.record(tenant, drafts))
        for result in results:
            (row,) = self.runner.run(self.world.ledger.by_ids(tenant, [result.interaction_id or ""]))
            self.filed[tenant][row.interaction_id] = row.identity_id

    @rule(tenant=st.sampled_from(["a", "b"]), given=identifiers.filter(bool))
    def claim(self, tenant: str, given: Sequence[Identifier]) -> None:
        unverified = [Identifier(type=one.type, value=one.value) for one in given]
        opened = self.runner.run(self.world.identities.resolve(tenant, unverified))
        customer = self.runner.run(self.world.identities.customer(tenant, opened.customer_id))
        named = [one for one in customer.identifiers if one.type != "cookie_id"]
        assert not any(one.verified for one in named)

    @rule(tenant=st.sampled_from(["a", "b"]), data=st.data())
    def merge(self, tenant: str, data: st.DataObject) -> None:
        customers = self.customers(tenant)
        if len(customers) > 1:
            survivor, absorbed = data.draw(st.permutations(sorted(customers)))[:2]
            before = self.state(tenant)
            try:
                merge = self.runner.run(self.world.identities.merge(tenant, survivor, absorbed))
            except IdentityConflict:
                assert self.state(tenant) == before
            else:
                self.merges.append((tenant, survivor, merge.merge_id))

    @precondition(lambda self: self.merges)
    @rule(data=st.data())
    def unmerge(self, data: st.DataObject) -> None:
        chosen = data.draw(st.integers(min_value=0, max_value=len(self.merges) - 1))
        tenant, survivor, merge_id = self.merges.pop(chosen)
        self.runner.run(self.world.identities.unmerge(tenant, survivor, merge_id))

    @rule(tenant=st.sampled_from(["a", "b"]), data=st.data())
    def merge_and_unmerge(self, tenant: str, data: st.DataObject) -> None:
        customers = self.customers(tenant)
        if len(customers) > 1:
            survivor, absorbed = data.draw(st.permutations(sorted(customers)))[:2]
            before = self.state(tenant)
            try:
                merge = self.runner.run(self.world.identities.merge(tenant, survivor, absorbed))
            except IdentityConflict:
                return
            self.runner.run(self.world.identities.unmerge(tenant, survivor, merge.merge_id))
            assert self.state(tenant) == before

    @invariant()
    def every_interaction_is_in_the_timeline_of_its_customer_and_of_nobody_else(self) -> None:
        for tenant in ("a", "b"):
            state = self.state(tenant)
            shown = [interaction_id for _, timeline in state.values() for interaction_id in timeline]
            assert sorted(shown) == sorted(self.filed[tenant])
            for identity_ids, timeline in state.values():
                assert {self.filed[tenant][one] for one in timeline} <= set(identity_ids)

    @invariant()
    def no_customer_has_two_account_ids(self) -> None:
        for tenant in ("a", "b"):
            for customer_id in self.customers(tenant):
                customer = self.runner.run(self.world.identities.customer(tenant, customer_id))
                assert len([one for one in customer.identifiers if one.type == "account_id"]) <= 1

    def customers(self, tenant: str) -> set[str]:
        return self.world.customers(tenant)

    def state(self, tenant: str) -> dict[str, tuple[tuple[str, ...], list[str]]]:
        """Each customer's identities and timeline."""
        self.world.tenant = tenant
        found: dict[str, tuple[tuple[str, ...], list[str]]] = {}
        for one in self.customers(tenant):
            customer = self.runner.run(self.world.identities.customer(tenant, one))
            found[one] = (customer.identity_ids, self.runner.run(self.world.timeline(one)))
        return found


Journeys.TestCase.settings = settings(
    max_examples=40, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
TestJourneys = Journeys.TestCase
