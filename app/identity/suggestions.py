"""Finds customers who look like one person and keeps what somebody decides about each pair.

Nothing is joined here. A pair that the rules forbid (different account ids, taken apart by undoing a merge) is never
suggested, and one that was settled before is not suggested again.
"""

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TypeVar

from app.errors import InvalidRequest, NotFound
from app.identity.graph import STRONG_TYPE
from app.identity.profiles import Profiles
from app.models import Likeness, Suggestion, SuggestionRun, SuggestionStatus
from app.ports import Archive, Ledger, Linkage, LinkedPair, MergeRecord, RecordedIdentities

COLLECTION = "suggestions"
PAGE = 1000
_AT_ONCE = 500

Pair = tuple[str, str]
Item = TypeVar("Item")


class Suggestions:
    """The suggestions of every tenant."""

    def __init__(self, ledger: Ledger, archive: Archive, linkage: Linkage) -> None:
        self._ledger = ledger
        self._archive = archive
        self._linkage = linkage

    async def suggest(
        self, tenant: str, *, at_least: float, progress: Callable[[int, int], None] | None = None
    ) -> SuggestionRun:
        """Compare all identities and file the pairs of customers with at least this probability.

        `progress` hears how many rows of the ledger were read, of how many. Raises ConfigurationError when the
        packages that compare are not installed.
        """
        await self._linkage.require()
        profiles = await self._profiles(tenant, progress)
        records = profiles.records()
        linked = await self._linkage.pairs(records, at_least=at_least)
        best = await self._between_customers(tenant, linked)
        filed = {suggestion.suggestion_id: suggestion for suggestion in await self._filed(tenant)}
        settled = await self._settled(tenant, filed.values())
        now = datetime.now(UTC)
        suggestions: list[Suggestion] = []
        for customers, pair in best.items():
            before = filed.get(_id_of(customers))
            if customers in settled or (before and before.status is not SuggestionStatus.OPEN):
                continue
            suggestions.append(_suggestion(customers, pair, profiles, before.created_at if before else now))
        for suggestion in suggestions:
            await self._file(tenant, suggestion)
        return SuggestionRun(
            compared=len(records),
            new=sum(suggestion.suggestion_id not in filed for suggestion in suggestions),
            suggestions=tuple(sorted(suggestions, key=_heaviest_first)),
        )

    async def list(self, tenant: str, status: SuggestionStatus) -> Sequence[Suggestion]:
        """The suggestions with this status, the heaviest first; open ones only as long as both customers are there."""
        suggestions = [suggestion for suggestion in await self._filed(tenant) if suggestion.status is status]
        if status is SuggestionStatus.OPEN:
            leading = await self._leading(
                tenant, (customer for suggestion in suggestions for customer in suggestion.customer_ids)
            )
            suggestions = [
                suggestion
                for suggestion in suggestions
                if len({leading.get(customer) for customer in suggestion.customer_ids} - {None}) == 2
            ]
        return sorted(suggestions, key=_heaviest_first)

    async def get(self, tenant: str, suggestion_id: str) -> Suggestion:
        """One suggestion. Raises NotFound."""
        document = await self._archive.get(tenant, COLLECTION, suggestion_id)
        if document is None:
            raise NotFound(
                f"No suggestion has the id {suggestion_id!r} in this tenant. "
                "`warmline identities suggestions` lists those that are open."
            )
        return Suggestion.model_validate(document)

    async def dismiss(self, tenant: str, suggestion_id: str) -> Suggestion:
        """Settle that these are two people: they are not suggested again. Raises NotFound or InvalidRequest."""
        suggestion = await self.get(tenant, suggestion_id)
        if suggestion.status is SuggestionStatus.CONFIRMED:
            raise InvalidRequest(
                f"This suggestion was confirmed and the customers joined; undo the merge {suggestion.merge_id} instead."
            )
        changes = {"status": SuggestionStatus.DISMISSED, "settled_at": datetime.now(UTC)}
        return await self._file(tenant, suggestion.model_copy(update=changes))

    async def confirmed(self, tenant: str, suggestion: Suggestion, merge: MergeRecord) -> Suggestion:
        """Keep that a suggestion was borne out, and by which merge."""
        changes = {"status": SuggestionStatus.CONFIRMED, "settled_at": merge.at, "merge_id": merge.merge_id}
        return await self._file(tenant, suggestion.model_copy(update=changes))

    async def _profiles(self, tenant: str, progress: Callable[[int, int], None] | None) -> Profiles:
        profiles, position, last = Profiles(), 0, await self._ledger.last_position()
        while rows := await self._ledger.after_position(position, PAGE):
            position = rows[-1][0]
            for _, of_tenant, row in rows:
                if of_tenant == tenant:
                    profiles.read(row)
            if progress:
                progress(position, max(position, last))
        return profiles

    async def _between_customers(self, tenant: str, linked: Sequence[LinkedPair]) -> Mapping[Pair, LinkedPair]:
        """The heaviest pair of identities for each two customers whom the rules would let somebody join."""
        best: dict[Pair, LinkedPair] = {}
        for some in _batches(linked):
            recorded = await self._recorded_identities(
                tenant, {identity_id for pair in some for identity_id in (pair.first, pair.second)}
            )
            accounts = _accounts(recorded)
            apart = {frozenset(pair) for pair in recorded.parted}
            for pair in some:
                customer, other = recorded.customers.get(pair.first), recorded.customers.get(pair.second)
                if customer is None or other is None or customer == other or frozenset((customer, other)) in apart:
                    continue
                if _differ(accounts.get(customer), accounts.get(other)):
                    continue
                customers = _ordered(customer, other)
                if customers not in best or pair.weight > best[customers].weight:
                    best[customers] = pair
        return best

    async def _settled(self, tenant: str, filed: Iterable[Suggestion]) -> set[Pair]:
        """The pairs that somebody dismissed, under the ids that their customers have by now."""
        dismissed = [suggestion.customer_ids for suggestion in filed if suggestion.status is SuggestionStatus.DISMISSED]
        leading = await self._leading(tenant, (customer for pair in dismissed for customer in pair))
        return {
            _ordered(leading[customer], leading[other])
            for customer, other in dismissed
            if {customer, other} <= leading.keys()
        }

    async def _leading(self, tenant: str, customer_ids: Iterable[str]) -> Mapping[str, str]:
        leading: dict[str, str] = {}
        for some in _batches(sorted(set(customer_ids))):
            leading |= (await self._recorded_identities(tenant, some)).customers
        return leading

    async def _recorded_identities(self, tenant: str, ids: Collection[str]) -> RecordedIdentities:
        async with self._ledger.transaction(tenant) as transaction:
            return await transaction.recorded(customer_ids=ids)

    async def _filed(self, tenant: str) -> Sequence[Suggestion]:
        filed: list[Suggestion] = []
        after = ""
        while page := await self._archive.page(tenant, COLLECTION, after=after, limit=PAGE):
            filed.extend(Suggestion.model_validate(document) for _, document in page)
            after = page[-1][0]
        return filed

    async def _file(self, tenant: str, suggestion: Suggestion) -> Suggestion:
        document = suggestion.model_dump(mode="json")
        # Filed under neither of the two: erasing either of them finds it by their id.
        await self._archive.put(tenant, COLLECTION, suggestion.suggestion_id, document)
        return suggestion


def reason_of(suggestion: Suggestion) -> str:
    """Why a confirmed suggestion joined two customers, in words for the record of the merge."""
    alike = ", ".join(
        agreement.field for agreement in suggestion.agreements if agreement.likeness is not Likeness.DIFFERENT
    )
    return f"confirmed {suggestion.suggestion_id}: match weight {suggestion.match_weight:.1f}, alike in {alike}"


def _batches(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), _AT_ONCE):
        yield items[start : start + _AT_ONCE]


def _suggestion(customers: Pair, pair: LinkedPair, profiles: Profiles, created_at: datetime) -> Suggestion:
    return Suggestion(
        suggestion_id=_id_of(customers),
        customer_ids=customers,
        match_weight=pair.weight,
        probability=pair.probability,
        agreements=tuple(sorted(pair.agreements, key=lambda agreement: -agreement.weight)),
        evidence=_evidence(pair, profiles),
        created_at=created_at,
    )


def _evidence(pair: LinkedPair, profiles: Profiles) -> tuple[str, ...]:
    """The interactions that what is alike was read from, each once."""
    alike = [agreement.field for agreement in pair.agreements if agreement.likeness is not Likeness.DIFFERENT]
    sources = (profiles.source(identity, field) for identity in (pair.first, pair.second) for field in alike)
    return tuple(dict.fromkeys(source for source in sources if source))


def _id_of(customers: Pair) -> str:
    """The same for the same two customers, so that a pair is never filed twice."""
    return f"sug_{hashlib.sha256(' '.join(customers).encode()).hexdigest()[:32]}"


def _ordered(customer: str, other: str) -> Pair:
    return (customer, other) if customer < other else (other, customer)


def _accounts(recorded: RecordedIdentities) -> Mapping[str, set[str]]:
    accounts: dict[str, set[str]] = {}
    for holding in recorded.holdings:
        if holding.identifier.type == STRONG_TYPE:
            accounts.setdefault(holding.customer_id, set()).add(holding.identifier.value)
    return accounts


def _differ(accounts: set[str] | None, others: set[str] | None) -> bool:
    return bool(accounts and others and accounts.isdisjoint(others))


def _heaviest_first(suggestion: Suggestion) -> tuple[float, str]:
    return -suggestion.match_weight, suggestion.suggestion_id
