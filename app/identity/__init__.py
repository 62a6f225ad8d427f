"""Who a customer is: a reversible graph of identities.

An interaction belongs for good to the identity it arrived with; a customer is the set of identities joined so far,
under the id of the one that survives. Joining and parting rewrite no interaction and no vector. The rules are in
`rules.py`, the form in which identifiers are compared in `normalise.py`.
"""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime

from app.errors import IdentityConflict, InvalidRequest, NotFound, UnknownConversation, UnknownCustomer
from app.identity.graph import STRONG_TYPE
from app.identity.non_identifiers import names_nobody
from app.identity.normalise import as_on, key_of, keys_of
from app.identity.rules import SHARING_CAP, IdentityFiling, Placement, Rules
from app.ids import id_of_work, made_at, resumed_work
from app.models import (
    Customer,
    Identifier,
    IdentityMatch,
    Match,
    Resolution,
    Subject,
    Verification,
    VerificationStatus,
)
from app.ports import Changes, IdentifierHolding, Ledger, MergeRecord, RecordedIdentities, ResolvedCustomer, Transaction

__all__ = ["SHARING_CAP", "Identities", "Rules"]

# So many of the customers who claim an identifier without a proof of it are looked at, to name those who proved others.
_MOST_CLAIMANTS = 10
# Claims are looked for in so many of the newest interactions of a customer who holds nothing.
_NEWEST = 20
# An identifier of any other type is compared as it is written; `account_id` stands for those.
_WRITTEN_IN_MANY_WAYS = ("email", "phone", "wa_id", "handle", STRONG_TYPE)


class Identities:
    """The customers of every tenant: found, made, joined and taken apart again."""

    def __init__(self, ledger: Ledger, rules: Rules | None = None) -> None:
        self._ledger = ledger
        self._rules = rules or Rules()

    async def resolve(self, tenant: str, identifiers: Sequence[Identifier]) -> Resolution:
        """Whom identifiers name; a new customer when they name nobody. Raises InvalidRequest without any."""
        filing, placement = await self._resolved(tenant, identifiers)
        customer_id = filing.customer(placement.identity_id)
        return Resolution(
            customer_id=customer_id,
            match=placement.match,
            verification_status=VerificationStatus.VERIFIED
            if filing.proved(customer_id)
            else VerificationStatus.CLAIMED,
            candidates=placement.candidates,
        )

    async def _resolved(self, tenant: str, identifiers: Sequence[Identifier]) -> tuple[IdentityFiling, Placement]:
        if not any(identifier.value.strip() for identifier in identifiers):
            raise InvalidRequest(
                "Give at least one identifier, for example an e-mail address.", [_needed("identifiers")]
            )
        async with self._ledger.transaction(tenant) as transaction:
            return await self._assign(transaction, identifiers, None)

    async def subject(self, tenant: str, request: Subject) -> Customer:
        """Whom a request is about; see `subject_and_match`."""
        return (await self._subject(tenant, request))[0]

    async def subject_and_match(self, tenant: str, request: Subject) -> tuple[Customer, IdentityMatch]:
        """Whom a request is about, and who else it may be: as its identifiers say, else as the customer's own do.

        It is about its customer_id, else its conversation where that is known, else its identifiers.

        Identifiers beside a known conversation tell more about it, so they may name an anonymous one's customer.
        A conversation beside a customer_id must be that customer's, or one that nobody has used yet. Raises
        UnknownCustomer, UnknownConversation or, with none of the three, InvalidRequest.
        """
        customer, placement = await self._subject(tenant, request)
        if placement is not None and placement.match in (Match.AMBIGUOUS, Match.MERGED):
            return customer, IdentityMatch(match=placement.match, candidates=placement.candidates)
        if candidates := await self._candidates(tenant, customer, request.conversation_id):
            return customer, IdentityMatch(match=Match.AMBIGUOUS, candidates=candidates)
        return customer, IdentityMatch(match=Match.EXACT if placement is None else placement.match)

    async def _subject(self, tenant: str, request: Subject) -> tuple[Customer, Placement | None]:
        placement = None
        if request.customer_id:
            customer = await self.customer(tenant, request.customer_id)
            if request.conversation_id and not await self._may_speak_in(tenant, customer, request.conversation_id):
                raise _unknown_conversation(request.conversation_id)
            return customer, None
        if request.conversation_id:
            party = await self._ledger.party(tenant, conversation_id=request.conversation_id)
            if party and request.identifiers:
                async with self._ledger.transaction(tenant) as transaction:
                    _, placement = await self._assign(transaction, request.identifiers, request.conversation_id)
                party = await self._ledger.party(tenant, known_as=party.customer_id)
            if party:
                return _customer(party), placement
        if request.identifiers:
            filing, placement = await self._resolved(tenant, request.identifiers)
            return await self.customer(tenant, filing.customer(placement.identity_id)), placement
        if request.conversation_id:
            raise _unknown_conversation(request.conversation_id)
        raise InvalidRequest(
            "Say whom it is about: give customer_id, identifiers or conversation_id.", [_needed("customer_id")]
        )

    async def _candidates(self, tenant: str, customer: Customer, conversation_id: str | None) -> tuple[str, ...]:
        """The proved customers who hold what this one only claims; none where this one has proved who they are.

        What somebody else has proved is held by nobody else, so that a claim of it stands in the conversation alone.
        """
        if customer.verification is not None:
            return ()
        claims = {key for identifier in customer.identifiers for key in keys_of(identifier.type, identifier.value)}
        if not claims:
            rows = await self._ledger.interactions(
                tenant, customer.identity_ids, conversation_id=conversation_id, limit=_NEWEST, newest_first=True
            )
            claims = {
                key
                for row in rows
                for identifier in as_on(row.channel, row.identifiers)
                if not identifier.verified and not names_nobody(identifier)
                for key in keys_of(identifier.type, identifier.value)
            }
        if not claims:
            return ()
        holdings = await self._ledger.holders(tenant, {value for _, value in claims})
        others = {
            holding.customer_id: holding.identifier.verified
            for holding in sorted(holdings, key=lambda holding: holding.identifier.verified)
            if (holding.identifier.type, holding.identifier.value) in claims
            and holding.customer_id != customer.customer_id
        }
        proved = [other for other, holds_verified in others.items() if holds_verified]
        claiming = [other for other, holds_verified in others.items() if not holds_verified]
        for other in claiming[:_MOST_CLAIMANTS]:
            party = await self._ledger.party(tenant, known_as=other)
            if party is not None and _customer(party).verification is not None:  # None: erased meanwhile
                proved.append(other)
        return tuple(sorted(proved))

    async def customer(self, tenant: str, customer_id: str) -> Customer:
        """One customer; an id that was merged away leads to the survivor. Raises UnknownCustomer."""
        party = await self._ledger.party(tenant, known_as=customer_id)
        if party is None:
            raise _unknown_customer(customer_id)
        return _customer(party)

    async def holders(self, tenant: str, written: str) -> Sequence[IdentifierHolding]:
        """Who holds an identifier that may be written like this, of whatever type. Nobody is made and nothing told."""
        wanted = {key for kind in _WRITTEN_IN_MANY_WAYS for key in keys_of(kind, written)}
        # Under a type of its own an earlier version kept a number's digits.
        values = {value for _, value in wanted} | {value.removeprefix("+") for kind, value in wanted if kind == "phone"}
        holdings = await self._ledger.holders(tenant, values)
        return [holding for holding in holdings if self._is_wanted(holding.identifier, written, wanted)]

    @staticmethod
    def _is_wanted(identifier: Identifier, written: str, wanted: Collection[tuple[str, str]]) -> bool:
        key = key_of(identifier.type, identifier.value)
        return key in wanted or identifier.value == key_of(identifier.type, written)[1]

    async def merge(
        self, tenant: str, survivor: str, other: str, *, reason: str = "asked for", evidence: Sequence[str] = ()
    ) -> MergeRecord:
        """Join two customers under the survivor. Raises UnknownCustomer, or IdentityConflict when they differ."""
        async with self._ledger.transaction(tenant) as transaction:
            merge_id = id_of_work("mrg")
            recorded = await transaction.recorded(customer_ids=(survivor, other), merge_ids=(merge_id,))
            if recorded.merges:  # an earlier attempt at this request joined them
                return recorded.merges[0]
            surviving, absorbed = _leading_to(recorded, survivor), _leading_to(recorded, other)
            if surviving == absorbed:
                raise IdentityConflict("These two ids already lead to the same customer.")
            accounts = [_accounts(recorded, customer_id) for customer_id in (surviving, absorbed)]
            if all(accounts) and accounts[0].isdisjoint(accounts[1]):
                raise IdentityConflict("These two customers hold different account ids, so they cannot be one.")
            merge = MergeRecord(
                merge_id=merge_id,
                survivor=surviving,
                absorbed=absorbed,
                at=datetime.now(UTC),
                reason=reason,
                evidence=tuple(evidence),
            )
            await transaction.apply(Changes(merges=(merge,)))
        return merge

    async def unmerge(self, tenant: str, customer_id: str, merge_id: str) -> MergeRecord:
        """Undo one merge of a customer: all is as if it had never been. Raises UnknownCustomer or NotFound."""
        async with self._ledger.transaction(tenant) as transaction:
            recorded = await transaction.recorded(customer_ids=(customer_id,), merge_ids=(merge_id,))
            customer = _leading_to(recorded, customer_id)
            merges = [
                merge_record
                for merge_record in recorded.merges
                if recorded.customers.get(merge_record.survivor) == customer
            ]
            if resumed_work() and merges and merges[0].undone_at is not None:
                return merges[0]  # an earlier attempt at this request undid it
            merge = next((merge_record for merge_record in recorded.merges if merge_record.undone_at is None), None)
            if merge is None or recorded.customers.get(merge.survivor) != customer:
                raise NotFound(f"No merge with the id {merge_id!r} is in force for this customer.")
            undone = merge.model_copy(update={"undone_at": datetime.now(UTC)})
            await transaction.apply(Changes(undone=(undone,)))
        return undone

    async def _may_speak_in(self, tenant: str, customer: Customer, conversation_id: str) -> bool:
        seat = await self._ledger.seat_of(tenant, conversation_id)
        if seat is None or seat.customer_id == customer.customer_id:
            return True
        # A conversation belongs to whom it was last filed for, while others may have begun it.
        own = await self._ledger.interactions(tenant, customer.identity_ids, conversation_id=conversation_id, limit=1)
        return bool(own)

    async def _assign(
        self, transaction: Transaction, identifiers: Sequence[Identifier], conversation_id: str | None
    ) -> tuple[IdentityFiling, Placement]:
        keys = {
            key
            for identifier in identifiers
            if not names_nobody(identifier)
            for key in keys_of(identifier.type, identifier.value)
        }
        recorded = await transaction.recorded(
            identifiers=keys, conversation_ids=[conversation_id] if conversation_id else ()
        )
        filing = self._rules.filing(recorded, at=datetime.now(UTC))
        placement = filing.place_identifiers(identifiers, conversation_id)
        await transaction.apply(filing.changes())
        return filing, placement


def _customer(party: ResolvedCustomer) -> Customer:
    # An earlier version let somebody hold what names nobody.
    holdings = [holding for holding in party.holdings if not names_nobody(holding.identifier)]
    verification = _verification(holdings)
    if verification:
        status = VerificationStatus.VERIFIED
    else:
        status = VerificationStatus.CLAIMED if holdings else VerificationStatus.UNKNOWN
    return Customer(
        customer_id=party.customer_id,
        identity_ids=party.identity_ids,
        identifiers=_identifiers(holdings),
        verification_status=status,
        verification=verification,
        created_at=min(made_at(identity_id) for identity_id in party.identity_ids),
    )


def _leading_to(recorded: RecordedIdentities, customer_id: str) -> str:
    if customer_id not in recorded.customers:
        raise _unknown_customer(customer_id)
    return recorded.customers[customer_id]


def _unknown_customer(customer_id: str) -> UnknownCustomer:
    return UnknownCustomer(f"No customer has the id {customer_id!r} in this tenant.")


def _unknown_conversation(conversation_id: str) -> UnknownConversation:
    # The same words whether nobody or somebody else has it: it is not told what others have.
    return UnknownConversation(f"No conversation {conversation_id!r} is known for this request.")


def _needed(path: str) -> dict[str, str]:
    return {"path": path, "message": "This field is needed."}


def _accounts(recorded: RecordedIdentities, customer_id: str) -> set[str]:
    identifiers = [holding.identifier for holding in recorded.holdings if holding.customer_id == customer_id]
    return {identifier.value for identifier in identifiers if identifier.type == STRONG_TYPE}


def _identifiers(holdings: Sequence[IdentifierHolding]) -> tuple[Identifier, ...]:
    """Each identifier once, in today's form; held twice, the verified and newest counts."""
    best: dict[tuple[str, str], IdentifierHolding] = {}
    for holding in sorted(holdings, key=_strength):
        best[key_of(holding.identifier.type, holding.identifier.value)] = holding
    return tuple(
        best[kind, value].identifier.model_copy(update={"type": kind, "value": value}) for kind, value in sorted(best)
    )


def _verification(holdings: Sequence[IdentifierHolding]) -> Verification | None:
    proofs = (holding for holding in holdings if holding.identifier.verified)
    # One that tells how it was done, and where, says more than a newer one that tells neither.
    best = max(
        proofs,
        key=lambda proof: (
            bool(proof.identifier.method),
            bool(proof.interaction_id),
            _strength(proof),
        ),
        default=None,
    )
    if best is None:
        return None
    evidence = (best.interaction_id,) if best.interaction_id else ()
    return Verification(method=best.identifier.method, at=best.identifier.verified_at, evidence=evidence)


def _strength(holding: IdentifierHolding) -> tuple[bool, float]:
    moment = holding.identifier.verified_at
    return holding.identifier.verified, moment.timestamp() if moment else 0.0
