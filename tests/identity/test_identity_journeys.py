"""What holds of identities whatever happens, by random journeys."""

import asyncio
from collections.abc import Sequence

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from app.errors import IdentityConflict
from app.identity import Rules
from app.models import Identifier
from tests.support.builders import draft
from tests.support.identity_world import world_with

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
        unverified = [Identifier(type=identifier.type, value=identifier.value) for identifier in given]
        opened = self.runner.run(self.world.identities.resolve(tenant, unverified))
        customer = self.runner.run(self.world.identities.customer(tenant, opened.customer_id))
        named = [identifier for identifier in customer.identifiers if identifier.type != "cookie_id"]
        assert not any(identifier.verified for identifier in named)

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
                assert {self.filed[tenant][interaction_id] for interaction_id in timeline} <= set(identity_ids)

    @invariant()
    def no_customer_has_two_account_ids(self) -> None:
        for tenant in ("a", "b"):
            for customer_id in self.customers(tenant):
                customer = self.runner.run(self.world.identities.customer(tenant, customer_id))
                assert len([identifier for identifier in customer.identifiers if identifier.type == "account_id"]) <= 1

    def customers(self, tenant: str) -> set[str]:
        return self.world.customers(tenant)

    def state(self, tenant: str) -> dict[str, tuple[tuple[str, ...], list[str]]]:
        """Each customer's identities and timeline."""
        self.world.tenant = tenant
        state_by_customer: dict[str, tuple[tuple[str, ...], list[str]]] = {}
        for customer_id in self.customers(tenant):
            customer = self.runner.run(self.world.identities.customer(tenant, customer_id))
            state_by_customer[customer_id] = (customer.identity_ids, self.runner.run(self.world.timeline(customer_id)))
        return state_by_customer


Journeys.TestCase.settings = settings(
    max_examples=40, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
TestJourneys = Journeys.TestCase
