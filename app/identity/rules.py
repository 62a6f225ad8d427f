"""The rules by which an interaction finds its customer. Pure: what is known goes in, what is to be written comes out.

1. A verified identifier leads to the customer who holds it verified. When it is held by several, it says nothing as
   long as another identifier of the arrival names one customer; alone it is ambiguous, unless the conversation is
   already one of theirs.
2. Verified identifiers of exactly two customers join them, the older one surviving, unless their account ids differ,
   somebody took the two apart before, or an identifier would stand for more than `sharing_cap` people (the identities
   joined so far are counted one by one). An identifier that has reached the cap joins nobody any more. Of three or
   more customers the one with the verified account id is taken, if there is one; the match is ambiguous either way.
3. A verified identifier that is only claimed so far leads to the one customer who claims it.
4. An unverified identifier never opens a customer who has proved who they are: it makes the match ambiguous, names
   them as candidates and leaves the arrival with its conversation, or with a new customer. A customer who only ever
   claimed it is nobody else, though: the same claim arriving again leads to the same customer, or the conversations of
   somebody who never proves anything could never meet. What somebody else has proved leads nowhere and is held by no
   other: whoever shared it would share a customer, and the first of them to prove it would take along the others'
   conversations. An account id counts for more than an e-mail or a phone, and those for more than a cookie or a device;
   several claimants of the same weight are ambiguous.
5. Nothing leads to a customer whose account id is another than the arrival's.
6. When a conversation's customer holds nothing but cookies, devices and what the verified customer of the
   conversation holds or proves too, it joins that customer. One that holds nothing at all joins whomever the
   conversation turns out to be with.
7. An arrival that leads to nobody belongs to its conversation's identity, or else to a new customer.

A customer holds an identifier once. A claim is not kept when somebody else has proved it, nor by an unproved customer
when another unproved one claims it already. What names nobody (`non_identifiers.py`: withheld numbers, placeholders,
role addresses) is looked up, held and compared by none of these rules.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.identity.graph import ANONYMOUS_TYPES, STRONG_TYPE, ClaimGraph
from app.identity.non_identifiers import Reason, names_nobody, reason_to_join_nobody
from app.identity.normalise import ComparedIdentifier, Key, as_on, compared, keys_of
from app.models import CHANGES, Identifier, InteractionDraft, Match, RowWarning
from app.ports import Arrival, Assignment, Changes, IdentifierHolding, NewInteraction, RecordedIdentities

SHARING_CAP = 5

_WARNINGS: Mapping[Reason, str] = {
    "names_nobody": "This {type} names nobody (withheld, a placeholder or an office's address). It was filed as text "
    "and joins no customer. Send an identifier of the person, or leave it out.",
    "invalid_email": "This is no e-mail address. It was filed as text and joins no customer. Write it as name@domain.",
    "invalid_phone": "This cannot be a whole phone number. It was filed as text and joins no customer. Write it in "
    "E.164, for example +4915112345678.",
}


class Rules:
    """The rules under one cap: the number of people an identifier may stand for before it stops joining."""

    def __init__(self, *, sharing_cap: int = SHARING_CAP) -> None:
        self._sharing_cap = sharing_cap

    def keys(self, drafts: Iterable[InteractionDraft]) -> Collection[Key]:
        """The (type, value) pairs, in every form, that must be known before these drafts can be assigned."""
        return {
            key
            for draft in drafts
            for identifier in as_on(draft.channel, draft.identifiers)
            if not names_nobody(identifier)
            for key in keys_of(identifier.type, identifier.value)
        }

    def warnings(self, draft: InteractionDraft) -> tuple[RowWarning, ...]:
        """What a draft names that joins nobody, each with its path in the draft."""
        row_warnings: list[RowWarning] = []
        for index, identifier in enumerate(as_on(draft.channel, draft.identifiers)):
            reason = reason_to_join_nobody(identifier.type, identifier.value)
            if reason:
                detail = _WARNINGS[reason].format(type=draft.identifiers[index].type)
                row_warnings.append(RowWarning(field=f"identifiers[{index}].value", code=reason, detail=detail))
        return tuple(row_warnings)

    def assign(self, recorded: RecordedIdentities, arrivals: Sequence[Arrival], *, at: datetime) -> Assignment:
        """Whose each arrival is; later ones see what earlier ones did."""
        filing = self.filing(recorded, at=at)
        placed = [filing.place_interaction(arrival) for arrival in arrivals]
        customers = tuple(filing.customer(interaction.identity_id) for interaction, _ in placed)
        return Assignment(
            changes=filing.changes([interaction for interaction, _ in placed]),
            customer_ids=customers,
            matches=tuple(match for _, match in placed),
        )

    def filing(self, recorded: RecordedIdentities, *, at: datetime) -> "IdentityFiling":
        """One unit of work under these rules."""
        return IdentityFiling(recorded, at=at, sharing_cap=self._sharing_cap)


@dataclass(frozen=True, slots=True)
class Placement:
    """Where an arrival belongs, how it met the customers already known, and who else it might have been."""

    identity_id: str
    match: Match
    candidates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Lead:
    """Whom identifiers lead to: a customer, or several `rivals` among whom they cannot decide."""

    customer: str | None
    proven: bool = False
    merged: bool = False
    rivals: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _IdentifiedArrival:
    """An arrival as the rules see it; `seat` is the identity of its conversation."""

    verified: tuple[ComparedIdentifier, ...]
    claimed: tuple[ComparedIdentifier, ...]
    seat: str | None
    brought_by: str | None

    @property
    def proofs(self) -> list[Key]:
        """What is proved, in each form in which somebody may hold it: two customers of two forms are then joined."""
        return [key for proof in self.verified for key in proof.keys]

    @property
    def claims(self) -> list[Key]:
        return [key for claim in self.claimed for key in claim.keys]

    def forms(self, key: Key) -> tuple[Key, ...]:
        """All forms of one identifier of the arrival."""
        return next(given.keys for given in (*self.verified, *self.claimed) if key in given.keys)


class IdentityFiling:
    """One unit of work: places arrivals one after the other, each seeing what the earlier ones changed."""

    def __init__(self, recorded: RecordedIdentities, *, at: datetime, sharing_cap: int) -> None:
        self._graph = ClaimGraph(recorded, at=at)
        self._at = at
        self._cap = sharing_cap

    def customer(self, identity_id: str) -> str:
        """The customer an identity belongs to after all that was placed."""
        return self._graph.customer(identity_id)

    def proved(self, customer_id: str) -> bool:
        """Whether the customer holds anything verified after all that was placed."""
        return any(self._graph.holds_verified(customer_id, key) for key in self._graph.keys(customer_id))

    def changes(self, interactions: Iterable[NewInteraction] = ()) -> Changes:
        """All that is to be written."""
        return self._graph.changes(interactions)

    def place_interaction(self, arrival: Arrival) -> tuple[NewInteraction, Match]:
        """Place one interaction, and say how it met the customers already known; its conversation follows it.

        An edit or deletion that came before what it changes finds its customer by its identifiers, but tells neither
        when nor where they were proved: it would not, had it come after.
        """
        draft = arrival.draft
        placement = self.place_identifiers(
            as_on(draft.channel, draft.identifiers),
            draft.conversation_id,
            brought_by=None if draft.kind in CHANGES else arrival.interaction_id,
            occurred_at=draft.occurred_at,
            dated=draft.kind not in CHANGES,
        )
        if draft.conversation_id:
            self._graph.take_seat(draft.conversation_id, placement.identity_id)
        interaction = NewInteraction(
            interaction_id=arrival.interaction_id,
            identity_id=placement.identity_id,
            draft=draft,
            content_sha256=arrival.content_sha256,
        )
        return interaction, placement.match

    def place_identifiers(
        self,
        identifiers: Sequence[Identifier],
        conversation_id: str | None = None,
        *,
        brought_by: str | None = None,
        occurred_at: datetime | None = None,
        dated: bool = True,
    ) -> Placement:
        """Where identifiers in a conversation belong. `brought_by` is the interaction they came with, if any.

        Proofs that are not `dated` are held without a moment, until another tells when they were given.
        """
        seat = self._graph.seat(conversation_id)
        if seat and not identifiers:
            return Placement(seat, Match.EXACT)
        given = compared(identifiers, verified_at=occurred_at or self._at)
        given = given if dated else tuple(map(_undated, given))
        verified = tuple(proof for proof in given if proof.identifier.verified)
        claimed = tuple(claim for claim in given if not claim.identifier.verified)
        arrived = _IdentifiedArrival(verified, claimed, seat, brought_by)
        own = any(not self._provers(proof.keys) for proof in arrived.verified)
        lead = self._lead(arrived)
        home, fresh = self._home(arrived, lead)
        candidates = self._candidates(arrived, lead, self._graph.customer(home))
        self._remember(arrived, home, sure=own or (lead.customer is not None and not lead.rivals))
        if candidates:
            return Placement(home, Match.AMBIGUOUS, tuple(sorted(candidates)))
        return Placement(home, Match.MERGED if lead.merged else Match.NEW if fresh else Match.EXACT)

    # --- whom the identifiers lead to ---

    def _lead(self, arrived: _IdentifiedArrival) -> _Lead:
        seated = self._graph.customer(arrived.seat) if arrived.seat else None
        by_proof = self._by_proof(arrived, seated)
        if by_proof:
            return by_proof
        accounts = {value for kind, value in (*arrived.proofs, *arrived.claims) if kind == STRONG_TYPE}
        if not (seated and self._graph.proved(seated)):
            # What is verified now may have been claimed before, by whoever it is now proved to be.
            claimants = {key: self._fitting(self._graph.claimants(key), accounts) for key in arrived.proofs}
            lead = _heaviest(claimants, proven=True)
            if lead:
                return lead
        if not seated or not self._graph.keys(seated):
            claimants = {
                key: self._fitting(self._open_claimants(key, claim.keys), accounts)
                for claim in arrived.claimed
                for key in claim.keys
            }
            lead = _heaviest(claimants, proven=False)
            if lead:
                return lead
        return _Lead(None)

    def _by_proof(self, arrived: _IdentifiedArrival, seated: str | None) -> _Lead | None:
        accounts = {value for kind, value in arrived.proofs if kind == STRONG_TYPE}
        holders = {key: self._fitting(self._graph.provers(key), accounts) for key in arrived.proofs}
        holders = {key: customers for key, customers in holders.items() if customers}
        if not holders:
            return None
        singles = _union(customers for customers in holders.values() if len(customers) == 1)
        if not singles:
            shared = set[str].intersection(*holders.values())
            customer = seated if seated in shared else _sole(shared)
            return _Lead(customer, proven=True, rivals=frozenset() if customer else frozenset(_union(holders.values())))
        if len(singles) == 1:
            return _Lead(_sole(singles), proven=True)
        return self._among_several({key: provers for key, provers in holders.items() if len(provers) == 1}, arrived)

    def _among_several(self, holders: dict[Key, set[str]], arrived: _IdentifiedArrival) -> _Lead:
        joining = {
            key: provers for key, provers in holders.items() if self._may_still_join(arrived.forms(key))
        } or holders
        customers = _union(joining.values())
        if len(customers) == 1:
            return _Lead(_sole(customers), proven=True)
        if len(customers) == 2 and self._may_join(*customers):
            survivor, absorbed = sorted(customers)
            kinds = " and ".join(sorted({key[0] for key in joining}))
            self._join(survivor, absorbed, list(joining), arrived, reason=f"verified together: {kinds}")
            return _Lead(survivor, proven=True, merged=True)
        anchors = _union(provers for key, provers in joining.items() if key[0] == STRONG_TYPE)
        return _Lead(_sole(anchors), proven=True, rivals=frozenset(customers))

    def _fitting(self, customers: set[str], accounts: set[str]) -> set[str]:
        """Those whose account ids do not speak against the arrival's."""
        if not accounts:
            return customers
        return {customer for customer in customers if not _differ(self._graph.accounts(customer), accounts)}

    def _provers(self, keys: Iterable[Key]) -> set[str]:
        """The customers who hold an identifier verified, in whichever of its forms."""
        return _union(self._graph.provers(key) for key in keys)

    def _open_claimants(self, key: Key, forms: Iterable[Key]) -> set[str]:
        if self._provers(forms):
            return set()
        return {claimant for claimant in self._graph.claimants(key) if not self._graph.proved(claimant)}

    def _may_join(self, customer: str, other: str) -> bool:
        differ = _differ(self._graph.accounts(customer), self._graph.accounts(other))
        if differ or self._graph.parted(customer, other):
            return False
        return self._graph.people(customer) + self._graph.people(other) <= self._cap

    def _may_still_join(self, forms: tuple[Key, ...]) -> bool:
        return forms[0][0] == STRONG_TYPE or self._graph.sharing(forms) < self._cap

    # --- where the arrival belongs ---

    def _home(self, arrived: _IdentifiedArrival, lead: _Lead) -> tuple[str, bool]:
        """The identity an arrival belongs to, and whether it is a new one."""
        keys = [*arrived.proofs, *arrived.claims]
        if lead.customer is None:
            if arrived.seat and self._may_stay(arrived, lead):
                return arrived.seat, False
            return self._graph.new_identity(), True
        seated = self._graph.customer(arrived.seat) if arrived.seat else None
        if arrived.seat and seated == lead.customer and not lead.proven:
            return arrived.seat, False
        if seated and seated != lead.customer and self._is_part_of(seated, lead.customer, arrived):
            reason = "anonymous until the conversation named its customer"
            self._join(lead.customer, seated, keys, arrived, reason=reason)
        holding = next(self._graph.holdings(lead.customer, keys))
        return holding.identity_id, False

    def _may_stay(self, arrived: _IdentifiedArrival, lead: _Lead) -> bool:
        assert arrived.seat is not None
        seated = self._graph.customer(arrived.seat)
        accounts = {value for kind, value in arrived.proofs if kind == STRONG_TYPE}
        if _differ(self._graph.accounts(seated), accounts):
            return False
        # Proofs that lead to several others do not belong with somebody else who is proved.
        return not (lead.proven and self._graph.proved(seated) and seated not in lead.rivals)

    def _is_part_of(self, seated: str, customer: str, arrived: _IdentifiedArrival) -> bool:
        if self._graph.parted(seated, customer):
            return False
        theirs = {*self._graph.keys(customer), *arrived.proofs}
        return all(key[0] in ANONYMOUS_TYPES or key in theirs for key in self._graph.keys(seated))

    def _join(self, survivor: str, absorbed: str, keys: list[Key], arrived: _IdentifiedArrival, *, reason: str) -> None:
        holdings = [holding for customer in (survivor, absorbed) for holding in self._graph.holdings(customer, keys)]
        evidence = [holding.interaction_id for holding in holdings] + [arrived.brought_by]
        self._graph.join(
            survivor,
            absorbed,
            reason=reason,
            evidence=[interaction_id for interaction_id in evidence if interaction_id],
        )

    # --- what is said of it, and what is kept ---

    def _candidates(self, arrived: _IdentifiedArrival, lead: _Lead, home: str) -> set[str]:
        others = set(lead.rivals)
        for claim in arrived.claimed:
            if any(self._graph.holds(home, key) for key in claim.keys):
                continue
            others |= self._provers(claim.keys)
            if not arrived.seat and not lead.proven:
                claimants = _union(self._graph.claimants(key) for key in claim.keys)
                others |= {claimant for claimant in claimants if self._graph.proved(claimant)}
        return others - {home}

    def _remember(self, arrived: _IdentifiedArrival, home: str, *, sure: bool) -> None:
        customer = self._graph.customer(home)
        for proof in arrived.verified:
            if self._may_keep_proof(customer, proof.keys, sure=sure):
                self._keep_proof(customer, home, proof, arrived.brought_by)
        for claim in arrived.claimed:
            if self._may_keep_claim(customer, claim.keys):
                self._graph.hold(home, claim.identifier, arrived.brought_by)

    def _may_keep_proof(self, customer: str, keys: tuple[Key, ...], *, sure: bool) -> bool:
        if self._is_second_account(customer, keys[0]):
            return False
        others = self._provers(keys) - {customer}
        return not others or (sure and len(others) <= self._cap)

    def _keep_proof(self, customer: str, home: str, proof: ComparedIdentifier, brought_by: str | None) -> None:
        identifier = proof.identifier
        holding = next(self._graph.holdings(customer, proof.keys), None)
        if holding is None or not holding.identifier.verified:
            self._graph.hold(home, identifier, brought_by)
        elif _tells_more(identifier, brought_by, holding):
            self._graph.hold(holding.identity_id, identifier, brought_by)

    def _may_keep_claim(self, customer: str, keys: tuple[Key, ...]) -> bool:
        if any(self._graph.holds(customer, key) for key in keys) or self._is_second_account(customer, keys[0]):
            return False
        if self._provers(keys):
            return False
        others = _union(self._graph.claimants(key) for key in keys)
        if self._graph.proved(customer):
            return len(others) <= self._cap
        return all(self._graph.proved(other) for other in others)

    def _is_second_account(self, customer: str, key: Key) -> bool:
        return key[0] == STRONG_TYPE and _differ(self._graph.accounts(customer), {key[1]})


def _undated(given: ComparedIdentifier) -> ComparedIdentifier:
    return given._replace(identifier=given.identifier.model_copy(update={"verified_at": None}))


def _heaviest(holders: dict[Key, set[str]], *, proven: bool) -> _Lead | None:
    """Whom the heaviest identifiers that anybody holds lead to."""
    for weight in range(3):
        customers = _union(claimants for key, claimants in holders.items() if _weight(key) == weight)
        if customers:
            customer = _sole(customers)
            return _Lead(customer, proven=proven, rivals=frozenset() if customer else frozenset(customers))
    return None


def _weight(key: Key) -> int:
    if key[0] == STRONG_TYPE:
        return 0
    return 2 if key[0] in ANONYMOUS_TYPES else 1


def _sole(customers: set[str]) -> str | None:
    return next(iter(customers)) if len(customers) == 1 else None


def _union(sets: Iterable[set[str]]) -> set[str]:
    return set[str]().union(*sets)


def _differ(accounts: set[str], others: set[str]) -> bool:
    return bool(accounts and others and not accounts & others)


def _tells_more(proof: Identifier, brought_by: str | None, holding: IdentifierHolding) -> bool:
    """Whether a proof is newer than the one held, and does not lose how or where that one was done."""
    loses_method = holding.identifier.method and not proof.method
    loses_evidence = holding.interaction_id and not (brought_by or proof.method)
    return not (loses_method or loses_evidence) and _later(proof.verified_at, holding.identifier.verified_at)


def _later(moment: datetime | None, earlier: datetime | None) -> bool:
    return moment is not None and (earlier is None or moment > earlier)
