"""A working copy of the part of the identity graph that one unit of work touches, and what it changes in it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime

from app.identity.non_identifiers import names_nobody
from app.identity.normalise import Key
from app.ids import new_id
from app.models import Identifier
from app.ports import Changes, IdentifierHolding, MergeRecord, NewHolding, NewInteraction, RecordedIdentities

STRONG_TYPE = "account_id"
ANONYMOUS_TYPES = frozenset({"cookie_id", "device_id"})


class ClaimGraph:
    """Who holds what, who is joined with whom, and where conversations belong; later questions see the changes."""

    def __init__(self, recorded: RecordedIdentities, *, at: datetime) -> None:
        self._at = at
        self._customer_of: dict[str, str] = {}
        self._members: defaultdict[str, list[str]] = defaultdict(list)
        self._holdings: defaultdict[str, dict[Key, list[IdentifierHolding]]] = defaultdict(dict)
        self._holders: defaultdict[Key, dict[str, None]] = defaultdict(dict)
        self._seats: dict[str, str] = {}
        self._parted = recorded.parted
        self._new_identities: list[str] = []
        self._new_holdings: dict[tuple[str, Key], NewHolding] = {}
        self._merges: list[MergeRecord] = []
        for membership in (*recorded.holdings, *recorded.seats):
            # A customer's id is the id of its first identity, which may itself hold nothing.
            self._learn(membership.customer_id, membership.customer_id)
            self._learn(membership.identity_id, membership.customer_id)
        for holding in recorded.holdings:
            # An earlier version let somebody hold what names nobody; it joins nobody any more.
            if not names_nobody(holding.identifier):
                self._keep(holding)
        for seat in recorded.seats:
            self._seats[seat.conversation_id] = seat.identity_id

    # --- questions ---

    def customer(self, identity_id: str) -> str:
        """The customer an identity belongs to now."""
        return self._customer_of[identity_id]

    def seat(self, conversation_id: str | None) -> str | None:
        """The identity a conversation is filed under, if it is known."""
        return self._seats.get(conversation_id) if conversation_id else None

    def provers(self, key: Key) -> set[str]:
        """The customers who hold an identifier verified."""
        return {customer_id for customer_id in self._holders_of(key) if self.holds_verified(customer_id, key)}

    def claimants(self, key: Key) -> set[str]:
        """The customers who hold an identifier, but not verified."""
        return {customer_id for customer_id in self._holders_of(key) if not self.holds_verified(customer_id, key)}

    def holds(self, customer_id: str, key: Key) -> bool:
        """Whether a customer holds an identifier, verified or not."""
        return key in self._holdings[customer_id]

    def holds_verified(self, customer_id: str, key: Key) -> bool:
        """Whether a customer holds an identifier verified."""
        return any(holding.identifier.verified for holding in self._holdings[customer_id].get(key, ()))

    def keys(self, customer_id: str) -> Iterable[Key]:
        """All that a customer holds."""
        return self._holdings[customer_id].keys()

    def holdings(self, customer_id: str, keys: Iterable[Key]) -> Iterator[IdentifierHolding]:
        """What a customer's identities hold of these identifiers, the verified ones first."""
        holdings = [holding for key in keys for holding in self._holdings[customer_id].get(key, ())]
        return iter(sorted(holdings, key=lambda holding: not holding.identifier.verified))

    def proved(self, customer_id: str) -> bool:
        """Whether a customer has ever proved who they are; a verified device alone proves nobody."""
        return any(
            holding.identifier.verified
            for key, holdings in self._holdings[customer_id].items()
            if key[0] not in ANONYMOUS_TYPES
            for holding in holdings
        )

    def accounts(self, customer_id: str) -> set[str]:
        """The account ids a customer holds, verified or not."""
        return {value for kind, value in self._holdings[customer_id] if kind == STRONG_TYPE}

    def people(self, customer_id: str) -> int:
        """How many people a customer may be: the identities in it that proved something.

        Each began as a customer of its own, so joining them must not make room for more.
        """
        holdings_per_key = self._holdings[customer_id].values()
        return len(
            {
                holding.identity_id
                for holdings in holdings_per_key
                for holding in holdings
                if holding.identifier.verified
            }
        )

    def sharing(self, forms: Iterable[Key]) -> int:
        """How many people a verified identifier already stands for, in all its forms."""
        provers = {prover for key in forms for prover in self.provers(key)}
        return sum(self.people(prover) for prover in provers)

    def parted(self, customer_id: str, other_id: str) -> bool:
        """Whether somebody took these two customers apart; rules do not put them together again."""
        customers = {customer_id, other_id}
        return any({self._now(left), self._now(right)} == customers for left, right in self._parted)

    # --- changes ---

    def new_identity(self) -> str:
        """A new customer of one identity."""
        identity_id = new_id("cus")
        self._new_identities.append(identity_id)
        self._learn(identity_id, identity_id)
        return identity_id

    def hold(self, identity_id: str, identifier: Identifier, interaction_id: str | None) -> None:
        """From now on the identity holds the identifier."""
        key = (identifier.type, identifier.value)
        written = NewHolding(identity_id=identity_id, identifier=identifier, interaction_id=interaction_id)
        self._new_holdings[identity_id, key] = written
        customer_id = self._customer_of[identity_id]
        self._keep(
            IdentifierHolding(
                identity_id=identity_id,
                customer_id=customer_id,
                identifier=identifier,
                interaction_id=interaction_id,
            )
        )

    def join(self, survivor: str, absorbed: str, *, reason: str, evidence: Iterable[str]) -> None:
        """From now on the absorbed customer leads to the survivor."""
        for identity_id in self._members.pop(absorbed):
            self._learn(identity_id, survivor)
        for key, holdings in self._holdings.pop(absorbed, {}).items():
            self._holdings[survivor].setdefault(key, []).extend(holdings)
            self._holders[key].pop(absorbed)
            self._holders[key][survivor] = None
        self._merges.append(
            MergeRecord(
                merge_id=new_id("mrg"),
                survivor=survivor,
                absorbed=absorbed,
                at=self._at,
                reason=reason,
                evidence=tuple(dict.fromkeys(evidence)),
            )
        )

    def take_seat(self, conversation_id: str, identity_id: str) -> None:
        """From now on the conversation is filed under the identity."""
        self._seats[conversation_id] = identity_id

    def changes(self, interactions: Iterable[NewInteraction] = ()) -> Changes:
        """All that was changed, with the interactions that go with it."""
        return Changes(
            new_identities=tuple(self._new_identities),
            holdings=tuple(self._new_holdings.values()),
            merges=tuple(self._merges),
            interactions=tuple(interactions),
        )

    def _learn(self, identity_id: str, customer_id: str) -> None:
        if self._customer_of.get(identity_id) != customer_id:
            self._customer_of[identity_id] = customer_id
            self._members[customer_id].append(identity_id)

    def _keep(self, holding: IdentifierHolding) -> None:
        key = (holding.identifier.type, holding.identifier.value)
        customer_id = self._customer_of[holding.identity_id]
        others = [
            earlier
            for earlier in self._holdings[customer_id].get(key, ())
            if earlier.identity_id != holding.identity_id
        ]
        self._holdings[customer_id][key] = [*others, holding]
        self._holders[key][customer_id] = None

    def _holders_of(self, key: Key) -> Iterable[str]:
        return self._holders.get(key, {})

    def _now(self, customer_id: str) -> str:
        return self._customer_of.get(customer_id, customer_id)
