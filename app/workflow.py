"""The way of a handoff and of a decision through the rooms: the only file that knows LangGraph.

```
resolve → gather → read → understand ┬→ detect ──┬→ decide → consult → draft ┬→ word ──────────┬→ file
                                     └→ compose ─┘                           └→ file_decision ─┘
```
A node is a few lines: it calls one room and hands on what came back. There is no checkpointer: nothing is resumed,
and one would cost more than all the nodes together.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from time import perf_counter
from typing import Any, Literal, NamedTuple, NotRequired, Protocol, TypedDict, cast

from langgraph.graph import END, START, StateGraph
from langgraph.runtime import Runtime

from app.actions import DecisionMaker, Understanding
from app.briefs import Case, CaseReader, Rest, Word, case_state, compose, first_handoff
from app.budget import Budget
from app.identity import Identities
from app.knowledge import AdvisedAction, KnowledgeAdviser, Situation
from app.models import (
    Brief,
    Customer,
    Decision,
    Handoff,
    HandoffRequest,
    IdentityMatch,
    Intervention,
    Ladder,
    NextActionRequest,
    Signal,
    Snapshot,
)
from app.nlu.wants import CaseState
from app.retrieval import Gatherer, MeaningReader
from app.signals import SHORT_TEXTS, detect, intervene, strain_at


class AnswerFiler(Protocol):
    """Where finished answers are filed, and taken back where they quote what was deleted meanwhile."""

    async def file_decision(self, tenant: str, decision: Decision) -> None:
        """File a decision."""
        ...

    async def file_handoff(self, tenant: str, handoff: Handoff, rest: Rest | None) -> Handoff:
        """File a handoff and what is still to come of it; gives it as filed."""
        ...

    async def check_stands(self, tenant: str, answer: Handoff | Decision, snapshot: Snapshot) -> None:
        """Take a filed answer back, and raise, where what it names was blanked since the snapshot."""
        ...


@dataclass(frozen=True, slots=True)
class Rooms:
    """What the nodes call; handed to every run as its typed context."""

    identities: Identities
    gatherer: Gatherer
    cases: CaseReader
    decisions: DecisionMaker
    knowledge: KnowledgeAdviser
    meanings: MeaningReader
    ladder: Ladder
    word: Word
    filer: AnswerFiler


# So many interactions are looked through within two milliseconds.
SHORT_CASE = 200
# A brief may take what is left of the request's deadline. An ordinary one takes some hundredths of a second, which it
# gets however short the deadline is; and nobody's texts keep a thread for longer, however long the deadline is.
LEAST_FOR_BRIEF_S, MOST_FOR_BRIEF_S = 0.5, 5.0

Found = dict[str, object]


class State(TypedDict):
    """What one run has found; each node adds its part. `started` is a reading of `time.perf_counter()`."""

    tenant: str
    handoff_id: str
    started: float
    now: datetime
    request: HandoffRequest | NextActionRequest
    customer: Customer
    identity: IdentityMatch
    snapshot: Snapshot
    case: Case | None
    understanding: Understanding
    meanings: Mapping[str, Any]
    signals: tuple[Signal, ...]
    intervention: Intervention
    brief: Brief
    gave_up: bool
    decision: Decision
    rehearsal: NotRequired[bool]
    handoff: Handoff
    rest: Rest | None


class Workflow:
    """A compiled graph that ends in a handoff, and the straight way to a decision."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms
        self._handoff = _handoff_graph()

    async def handoff(
        self, tenant: str, handoff_id: str, request: HandoffRequest, *, now: datetime, started: float
    ) -> AsyncIterator[Handoff]:
        """The handoff in two stages: the deterministic one as soon as it stands, then the one that is filed."""
        state: Found = {
            "tenant": tenant,
            "handoff_id": handoff_id,
            "started": started,
            "now": now,
            "request": request,
        }
        async for stage in self._handoff.astream(state, context=self._rooms, stream_mode="custom"):
            yield cast(Handoff, stage)

    async def draft(
        self, tenant: str, request: HandoffRequest, *, now: datetime, started: float
    ) -> tuple[Snapshot, Handoff]:
        """The case and its deterministic brief, for a model to word ahead of a handoff; nothing is filed."""
        state = await self._in_turn("draft", {"tenant": tenant, "started": started, "now": now, "request": request})
        snapshot = state["snapshot"]
        return snapshot, first_handoff("", snapshot, state["brief"], (), None, request, started=started)

    async def decide(self, tenant: str, request: NextActionRequest, *, now: datetime, started: float) -> Decision:
        """How forward to be and what to do next; filed, so that its outcome can be learnt from."""
        state = await self._in_turn("decision", {"tenant": tenant, "started": started, "now": now, "request": request})
        return state["decision"]

    async def rehearse(self, tenant: str, request: NextActionRequest, *, now: datetime, started: float) -> None:
        """Decide as for a request that is still to come, so that a model has ranked by then; nothing is filed."""
        state: Found = {"tenant": tenant, "started": started, "now": now, "request": request, "rehearsal": True}
        await self._in_turn("rehearsal", state)

    async def _in_turn(self, way: "Way", state: Found) -> "State":
        """The nodes of a way in turn: a bot asks after every message, and the graph costs more than they do."""
        runtime = Runtime(context=self._rooms)
        for node in NODES.values():
            if way in node.ways:
                state |= await node.run(cast(State, state), runtime)
        return cast(State, state)


async def _resolve(state: State, runtime: Runtime[Rooms]) -> Found:
    identities, tenant, request = runtime.context.identities, state["tenant"], state["request"]
    if not isinstance(request, HandoffRequest):
        return {"customer": await identities.subject(tenant, request)}
    customer, identity = await identities.subject_and_match(tenant, request)
    return {"customer": customer, "identity": identity}


async def _gather(state: State, runtime: Runtime[Rooms]) -> Found:
    request = state["request"]
    snapshot = runtime.context.gatherer.gather(
        state["tenant"],
        state["customer"],
        request.conversation_id,
        now=state["now"],
        cutoff=request.now,
        history=isinstance(request, HandoffRequest),
    )
    return {"snapshot": await snapshot}


async def _read(state: State, runtime: Runtime[Rooms]) -> Found:
    snapshot, budget, cases = state["snapshot"], _budget(state), runtime.context.cases
    if _is_short(snapshot):
        case = budget.within(lambda: cases.read(snapshot), None)
    else:
        case = await asyncio.to_thread(budget.within, lambda: cases.read(snapshot), None)
    return {"case": case, "gave_up": budget.gave_up}


def _state_of(case: Case | None, state: State) -> CaseState:
    request = state["request"]
    reason = request.reason if isinstance(request, HandoffRequest) else None
    return case_state(case, state["snapshot"], reason) if case else CaseState()


async def _understand(state: State, runtime: Runtime[Rooms]) -> Found:
    # What the messages mean is read while the latest is embedded.
    case = state["case"]
    understanding, meanings = await asyncio.gather(
        runtime.context.decisions.understand(state["tenant"], _state_of(case, state)),
        runtime.context.meanings.of(state["snapshot"]),
    )
    return {"understanding": understanding, "meanings": meanings}


async def _detect(state: State, runtime: Runtime[Rooms]) -> Found:
    snapshot = state["snapshot"]
    meanings = state["meanings"]
    if _is_short(snapshot):
        signals, strain = detect(snapshot, vectors=meanings), strain_at(snapshot)
    else:
        signals = await asyncio.to_thread(detect, snapshot, vectors=meanings)
        strain = await asyncio.to_thread(strain_at, snapshot)
    ladder = await runtime.context.decisions.ladder(state["tenant"]) or runtime.context.ladder
    return {"signals": signals, "intervention": intervene(signals, state["now"], strain, ladder=ladder)}


async def _compose(state: State, runtime: Runtime[Rooms]) -> Found:
    request, case, intent = state["request"], state["case"], state["understanding"].intent
    if isinstance(request, NextActionRequest):
        if not runtime.context.decisions.ranks_by_model:  # rules rank by the case itself
            return {"brief": Brief(intent=intent)}
        request = HandoffRequest(conversation_id=request.conversation_id)
    if case is None:  # there was no time to read it
        return {"brief": Brief(intent=intent)}
    budget = _budget(state)
    brief = await asyncio.to_thread(compose, state["snapshot"], intent, request, budget, case=case)
    return {"brief": brief, "gave_up": budget.gave_up}


def _budget(state: State) -> Budget:
    left = state["request"].deadline_ms / 1000 - (perf_counter() - state["started"])
    return Budget(min(max(left, LEAST_FOR_BRIEF_S), MOST_FOR_BRIEF_S))


def _is_short(snapshot: Snapshot) -> bool:
    """Whether a case is read in less time than it takes to hand it to a thread and back."""
    return len(snapshot.conversation) + len(snapshot.prior) <= SHORT_CASE and snapshot.characters <= SHORT_TEXTS


async def _decide(state: State, runtime: Runtime[Rooms]) -> Found:
    decision = runtime.context.decisions.decide(
        state["snapshot"],
        state["understanding"],
        state["signals"],
        state["intervention"],
        state["request"],
        started=state["started"],
        brief=state["brief"],
        rehearsal=state.get("rehearsal", False),
    )
    return {"decision": await decision}


async def _consult(state: State, runtime: Runtime[Rooms]) -> Found:
    decision, (catalogue, reading, _), request = state["decision"], state["understanding"], state["request"]
    by_id = {action.id: action for action in catalogue.actions}
    advised = [
        AdvisedAction(offered.action_id, f"{action.label} {action.description or ''}", frozenset(action.intents))
        for offered in decision.actions
        if (action := by_id.get(offered.action_id)) is not None
    ]
    reason = request.reason if isinstance(request, HandoffRequest) else None
    situation = Situation(reading.asked, reading.intent.name, reading.intent.label, reason)
    beside = await runtime.context.knowledge.beside(state["snapshot"], situation, advised)
    if not any(beside.values()):
        return {}
    actions = tuple(
        offered.model_copy(update={"knowledge": tuple(beside.get(offered.action_id, ()))})
        for offered in decision.actions
    )
    took_ms = round((perf_counter() - state["started"]) * 1000)
    return {"decision": decision.model_copy(update={"actions": actions, "duration_ms": took_ms})}


async def _draft(state: State, runtime: Runtime[Rooms]) -> Found:
    handoff = first_handoff(
        state["handoff_id"],
        state["snapshot"],
        state["brief"],
        state["signals"],
        state["decision"],
        cast(HandoffRequest, state["request"]),
        started=state["started"],
        gave_up=state["gave_up"],
        identity=state["identity"],
    )
    runtime.stream_writer(handoff.model_copy(update={"pending": True}))
    return {"handoff": handoff}


async def _word(state: State, runtime: Runtime[Rooms]) -> Found:
    snapshot, handoff, started = state["snapshot"], state["handoff"], state["started"]
    worded = await runtime.context.word(snapshot, handoff, started=started)
    return {"handoff": worded.handoff, "rest": worded.rest}


async def _file(state: State, runtime: Runtime[Rooms]) -> Found:
    filer, tenant = runtime.context.filer, state["tenant"]
    handoff = await filer.file_handoff(tenant, state["handoff"], state["rest"])
    await filer.check_stands(tenant, handoff, state["snapshot"])
    runtime.stream_writer(handoff)
    return {}


async def _file_decision(state: State, runtime: Runtime[Rooms]) -> Found:
    filer, tenant, decision = runtime.context.filer, state["tenant"], state["decision"]
    await filer.file_decision(tenant, decision)
    if isinstance(state["request"], NextActionRequest):  # a handoff is looked at as a whole, once it is filed
        await filer.check_stands(tenant, decision, state["snapshot"])
    return {}


Way = Literal["handoff", "decision", "draft", "rehearsal"]


class Node(NamedTuple):
    """One step of the workflow: what it does, after which nodes, and on which ways."""

    run: Callable[[State, Runtime[Rooms]], Awaitable[Found]]
    after: tuple[str, ...]
    ways: frozenset[Way]


_ALL = frozenset[Way](("handoff", "decision", "draft", "rehearsal"))
_DECIDING = frozenset[Way](("handoff", "decision", "rehearsal"))
_BOTH = frozenset[Way](("handoff", "decision"))
_HANDOFF = frozenset[Way](("handoff",))
# In an order that every way may take one by one; the graph of the handoff runs side by side what `after` allows.
NODES: Mapping[str, Node] = {
    "resolve": Node(_resolve, (START,), _ALL),
    "gather": Node(_gather, ("resolve",), _ALL),
    "read": Node(_read, ("gather",), _ALL),
    "understand": Node(_understand, ("read",), _ALL),
    "detect": Node(_detect, ("understand",), _DECIDING),
    "compose": Node(_compose, ("understand",), _ALL),
    "decide": Node(_decide, ("detect", "compose"), _DECIDING),
    "consult": Node(_consult, ("decide",), _BOTH),
    "draft": Node(_draft, ("consult",), _HANDOFF),
    "word": Node(_word, ("draft",), _HANDOFF),
    "file_decision": Node(_file_decision, ("draft",), _BOTH),
    "file": Node(_file, ("word", "file_decision"), _HANDOFF),
}


def _handoff_graph() -> Any:
    graph = StateGraph(State, context_schema=Rooms)
    nodes = {name: node for name, node in NODES.items() if "handoff" in node.ways}
    for name, node in nodes.items():
        graph.add_node(name, cast(Any, node.run))
    for name, node in nodes.items():
        graph.add_edge(node.after[0] if len(node.after) == 1 else list(node.after), name)
    graph.add_edge(list(nodes)[-1], END)
    return graph.compile()
