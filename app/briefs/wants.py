"""How the case stands for a decision: what the customer wants, what they say they tried, and whether it is settled.

What the customer wants is told by everything that says something of it, each text with its weight.

The weights are those of the fitted rankers (`app.nlu.reasons`): how likely a sentence tells why somebody came, and what
they still want. So a decision goes by the same reading as the brief, over all conversations of the matter.
"""

from collections.abc import Iterator, Mapping

from app.briefs.case import Case
from app.briefs.reading import Utterance
from app.briefs.resolution import resolution
from app.briefs.steps import humanised
from app.briefs.wishes import UNSETTLED, WishState
from app.models import Actor, Outcome, Reason, ResolutionStatus, Snapshot
from app.nlu import Act
from app.nlu.analysis import analysis_of
from app.nlu.closings import warns
from app.nlu.reply_moves import Reply
from app.nlu.steps import Step
from app.nlu.wants import CaseState, Want, without_the_unwanted

_STILL_WANTED = 0.5
"""What is still wanted mostly says less of the matter than why somebody came: `do it today`."""
_EXPECTED = 1.0
"""The least weight of what the brief tells as wanted."""
_THREATENED = 0.1
_OF_A_STEP = 0.7
_OF_A_PROPOSAL = 0.6
_CLOSED: Mapping[WishState, float] = {WishState.DONE: 0.3, WishState.WITHDRAWN: 0.1, WishState.REFUSED: 0.5}
"""What is left of the weight of a wish that stands no more."""
_OLDER = 0.9
"""What each message of the customer's leaves of the weight of those before it."""
_LEAST = 0.05
_MOST = 16
"""So many texts are compared with the examples: each that is new costs some milliseconds, however long the case is."""
_LONGEST_MESSAGE = 600
_BOILERPLATE = 0.5
_LATEST_STEPS = 4
_LIKELY = 0.5
_TELLING = (Act.REPORT, Act.COMPLAINT, Act.ANSWER)
_PROPOSING = (Act.QUESTION, Act.OFFER)


def case_state(case: Case, snapshot: Snapshot, reason: Reason | None = None) -> CaseState:
    """How the case of a snapshot stands; `reason` is that of the handoff, where one is asked for."""
    is_open = any(wish.state in UNSETTLED for wish in case.wishes)
    ends_well = (
        not is_open and resolution(case, reason, was_resolved=snapshot.was_resolved) is ResolutionStatus.RESOLVED
    )
    return CaseState(wants(case), tuple(_attempts(case)), snapshot.is_resolved or ends_well)


def _attempts(case: Case) -> Iterator[Step]:
    """What the customer tells to have tried. A decision holds the words against actions, so likely ones will do."""
    for utterance in case.utterances:
        if _is_own(utterance) and utterance.act in _TELLING and utterance.reading.attempt >= _LIKELY:
            row = utterance.interaction
            evidence = (row.interaction_id,)
            yield Step(utterance.text, row.actor, row.channel, Outcome.UNKNOWN, row.occurred_at, evidence, {})


def wants(case: Case) -> tuple[Want, ...]:
    """What tells of the customer's wants, oldest first; wishes that are done or taken back count for little."""
    weights = _WantWeights(case)
    telling = [*_sentences(case, weights), *_messages(case, weights), *_agreed(case), *_failed(case)]
    most_telling = sorted(telling, key=lambda want: -want.weight)[:_MOST]
    return tuple(sorted(most_telling, key=lambda want: (want.row.occurred_at, want.row.seq)))


class _WantWeights:
    """How much the customer's sentences tell of what is wanted."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self._states = {id(utterance): wish.state for wish in case.wishes for utterance in wish.sentences}
        self._expected = set(map(id, case.expectations))
        spoken = (utterance.interaction.interaction_id for utterance in case.utterances if _is_own(utterance))
        messages = list(dict.fromkeys(spoken))
        self._ages = {name: len(messages) - 1 - index for index, name in enumerate(messages)}

    def of(self, utterance: Utterance) -> float:
        """The weight of a sentence of the customer's, 0..1."""
        weight = min(1.0, self._case.weight(utterance) + _STILL_WANTED * self._case.wanted(utterance))
        if id(utterance) in self._expected:
            weight = max(weight, _EXPECTED)
        if warns(utterance.reading):
            weight *= _THREATENED
        state = self._states.get(id(utterance))
        closed = _CLOSED.get(state, 1.0) if state else 1.0
        return weight * closed * _OLDER ** self._ages[utterance.interaction.interaction_id]

    def is_refused(self, utterance: Utterance) -> bool:
        """Whether our side refused the wish that a sentence tells."""
        return self._states.get(id(utterance)) is WishState.REFUSED


def _sentences(case: Case, weights: _WantWeights) -> Iterator[Want]:
    for utterance in case.utterances:
        text = without_the_unwanted(utterance.text) if _is_own(utterance) else ""
        if text and (weight := weights.of(utterance)) >= _LEAST:
            yield Want(text, utterance.interaction, weight, weights.is_refused(utterance))


def _messages(case: Case, weights: _WantWeights) -> Iterator[Want]:
    """Whole messages: what one sentence leaves open another names."""
    by_message: dict[str, list[Utterance]] = {}
    for utterance in case.utterances:
        if _is_own(utterance) and utterance.reading.boilerplate < _BOILERPLATE:
            by_message.setdefault(utterance.interaction.interaction_id, []).append(utterance)
    for spoken in by_message.values():
        text = " ".join(without_the_unwanted(utterance.text) for utterance in spoken)[:_LONGEST_MESSAGE].strip()
        if text and (weight := max(map(weights.of, spoken))) >= _LEAST:
            yield Want(text, spoken[0].interaction, weight, any(map(weights.is_refused, spoken)))


def _agreed(case: Case) -> Iterator[Want]:
    """What our side proposed last, where the customer's newest message agrees to it; of one that quotes, the quoted."""
    if case.replies.agreed is not None:
        text = " ".join(utterance.text for utterance in case.replies.agreed.answered)[:_LONGEST_MESSAGE]
        yield Want(text, case.replies.agreed.reply.interaction, _EXPECTED, own=False)
        return
    quoting = {utterance.interaction.interaction_id for utterance in (reply.reply for reply in case.replies.every)}
    ours: Utterance | None = None
    agreed: Want | None = None
    for utterance in case.utterances:
        if not utterance.by_customer:
            ours = utterance if utterance.act in _PROPOSING or utterance.text.endswith("?") else ours
            continue
        quotes = utterance.interaction.interaction_id in quoting
        agrees = not quotes and Reply.AGREES in analysis_of(utterance.interaction).replies
        agreed = Want(ours.text, utterance.interaction, _OF_A_PROPOSAL, own=False) if ours and agrees else None
        ours = None if agreed is None else ours
    if agreed is not None:
        yield agreed


def _failed(case: Case) -> Iterator[Want]:
    """What the customer failed at or gave up, in the words of the steps' names; whatever language they write."""
    rows = {row.interaction_id: row for row in case.interactions}
    failed = [step for step in case.steps if step.action.outcome in (Outcome.FAILED, Outcome.ABANDONED)]
    own = [step for step in failed if step.action.actor is Actor.CUSTOMER and not step.reported]
    for step in own[-_LATEST_STEPS:]:
        evidence = [rows[name] for name in step.action.evidence if name in rows]
        if evidence:
            yield Want(humanised(step.name), evidence[-1], _OF_A_STEP, own=False)


def _is_own(utterance: Utterance) -> bool:
    return utterance.by_customer and not utterance.pasted
