"""Random ingests, merges, unmerges and erasures through the real App against a plain model of what must be seen."""

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from app.bootstrap import build
from app.models import Identifier
from app.services import App
from app.settings import Settings
from tests.conftest import WordEmbedder
from tests.support.builders import draft

T = "default"
PEOPLE = st.integers(0, 4)
CHOICE = st.integers(0, 1_000)
Answer = TypeVar("Answer")


class Model:
    """Who said what, and who was joined to whom: a forest of people, each with their own texts."""

    def __init__(self) -> None:
        self.texts: dict[int, list[tuple[int, str]]] = {}
        self.ids: dict[int, str] = {}
        self.parents: dict[int, int] = {}
        self.merges: dict[str, tuple[int, int]] = {}

    def root(self, person: int) -> int:
        return self.root(self.parents[person]) if person in self.parents else person

    def roots(self) -> list[int]:
        return sorted({self.root(person) for person in self.ids})

    def group(self, root: int) -> list[int]:
        return [person for person in self.ids if self.root(person) == root]

    def timeline(self, root: int) -> list[tuple[int, str]]:
        return sorted(row for person in self.group(root) for row in self.texts[person])

    def erase(self, root: int) -> int:
        gone = self.group(root)
        rows = len(self.timeline(root))
        for person in gone:
            del self.ids[person], self.texts[person]
            self.parents.pop(person, None)
        self.merges = {key: pair for key, pair in self.merges.items() if not set(pair) & set(gone)}
        return rows


class WholeLedger(RuleBasedStateMachine):
    """The App and the model, told the same."""

    def __init__(self) -> None:
        super().__init__()
        self._runner = asyncio.Runner()
        self._folder = TemporaryDirectory(prefix="whole-ledger-")
        self._app = self._run(self._opened())
        self._model = Model()
        self._count = 0

    async def _opened(self) -> App:
        chosen = Settings.model_construct(data_dir=Path(self._folder.name), vectors_url="memory:")
        app = build(chosen, embedder=WordEmbedder())
        return await app.__aenter__()

    def _run(self, work: Coroutine[Any, Any, Answer]) -> Answer:
        return self._runner.run(work)

    def teardown(self) -> None:
        self._run(self._app.close())
        self._runner.close()
        self._folder.cleanup()

    @rule(people=st.lists(PEOPLE, min_size=1, max_size=4))
    def ingest(self, people: list[int]) -> None:
        sent: list[tuple[int, str]] = []
        for person in people:
            self._count += 1
            sent.append((person, f"sentence{self._count} person{person}"))
        drafts = [draft(text, conversation_id=f"c-{person}", identifiers=(_email(person),)) for person, text in sent]
        results = self._run(self._app.interactions.record(T, drafts)).results
        for (person, text), result in zip(sent, results, strict=True):
            assert result.seq is not None
            assert result.seq == int(text.split()[0].removeprefix("sentence"))
            assert result.customer_id is not None
            if person not in self._model.ids:
                self._model.ids[person] = result.customer_id
                self._model.texts[person] = []
            assert result.customer_id == self._model.ids[self._model.root(person)]
            self._model.texts[person].append((result.seq, text))

    @precondition(lambda self: len(self._model.roots()) > 1)
    @rule(choice=CHOICE, other=CHOICE)
    def merge(self, choice: int, other: int) -> None:
        self._merge(*self._two(choice, other))

    @precondition(lambda self: bool(self._model.merges))
    @rule(which=CHOICE)
    def unmerge(self, which: int) -> None:
        merges = sorted(self._model.merges)
        self._unmerge(merges[which % len(merges)])

    @precondition(lambda self: len(self._model.roots()) > 1)
    @rule(choice=CHOICE, other=CHOICE)
    def merge_and_unmerge_is_as_if_nothing_was(self, choice: int, other: int) -> None:
        before = self._seen()
        self._unmerge(self._merge(*self._two(choice, other)))
        assert self._seen() == before

    @precondition(lambda self: bool(self._model.ids))
    @rule(which=CHOICE)
    def erase(self, which: int) -> None:
        roots = self._model.roots()
        root = roots[which % len(roots)]
        erased = self._run(self._app.customers.erase(T, self._model.ids[root])).erased
        assert erased["identities"] == len(self._model.group(root))
        assert erased["interactions"] == self._model.erase(root)

    @invariant()
    def timelines_are_the_models(self) -> None:
        expected = {self._model.ids[root]: self._model.timeline(root) for root in self._model.roots()}
        assert self._seen() == expected

    @invariant()
    def retrieval_finds_what_the_customer_said_and_nothing_of_another(self) -> None:
        for root in self._model.roots():
            timeline = self._model.timeline(root)
            seq, text = timeline[-1]
            hits = self._run(self._app.interactions.search(T, self._model.ids[root], text, limit=100)).hits
            retrieved = [(hit.interaction.seq, hit.interaction.text) for hit in hits]
            assert (seq, text) in retrieved
            assert set(retrieved) <= set(timeline)

    def _two(self, choice: int, other: int) -> tuple[int, int]:
        roots = self._model.roots()
        first = roots.pop(choice % len(roots))
        return first, roots[other % len(roots)]

    def _merge(self, survivor: int, absorbed: int) -> str:
        ids = self._model.ids
        merge_id = self._run(self._app.customers.merge(T, ids[survivor], ids[absorbed])).merge_id
        self._model.parents[absorbed] = survivor
        self._model.merges[merge_id] = (survivor, absorbed)
        return merge_id

    def _unmerge(self, merge_id: str) -> None:
        survivor, absorbed = self._model.merges.pop(merge_id)
        self._run(self._app.customers.unmerge(T, self._model.ids[survivor], merge_id))
        del self._model.parents[absorbed]

    def _seen(self) -> dict[str, list[tuple[int, str]]]:
        return {customer_id: self._timeline(customer_id) for customer_id in self._customer_ids()}

    def _customer_ids(self) -> list[str]:
        return [
            self._run(self._app.customers.customer(T, self._model.ids[root])).customer_id
            for root in self._model.roots()
        ]

    def _timeline(self, customer_id: str) -> list[tuple[int, str]]:
        page = self._run(self._app.interactions.timeline(T, customer_id, limit=1000))
        return [(row.seq, row.text) for row in page.interactions]


def _email(person: int) -> Identifier:
    return Identifier(type="email", value=f"person{person}@x.example", verified=True, method="link")


TestWholeLedger = WholeLedger.TestCase
TestWholeLedger.settings = settings(
    max_examples=10, stateful_step_count=15, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
