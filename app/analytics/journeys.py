"""Reads a customer's journeys: from visit to visit, where an agent took over, and what went wrong there."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from app.analytics.escalations import CustomerHistory, Took, distinct, escalation_row, escalations_in, milliseconds
from app.analytics.handoffs import handoffs_of
from app.analytics.repeats import RestatedFact, Restatement
from app.analytics.visits import CustomerVisit, in_order, visits_of
from app.models import Actor, Kind
from app.nlu.issue_status import Standing
from app.ports.continuity import Digest, EscalationRow, Material, Reading, SpotRow, VisitRow


def read_journeys(material: Material) -> Digest:
    """The visits, escalations and moments of friction of one customer."""
    rows = in_order(material.rows)
    visits = visits_of(rows)
    seen = CustomerHistory(
        rows=rows,
        places={row.interaction_id: index for index, row in enumerate(rows)},
        visits=visits,
        history=RestatedFact(rows),
        handoffs=handoffs_of(material.documents),
    )
    readings = {visit.visit_id: material.readings.get(visit.visit_id) for visit in visits}
    intents = {visit_id: reading.intent if reading else None for visit_id, reading in readings.items()}
    taken = escalations_in(seen)
    escalations = [escalation_row(took, seen, material.customer_id, intents) for took in taken]
    met = _met(taken, escalations)
    made = [_visit_row(visit, seen, material.customer_id, readings, met.get(visit.visit_id)) for visit in visits]
    return Digest(made, escalations, _spots(visits, made, readings, met))


def unread_visits(material: Material) -> list[CustomerVisit]:
    """The visits whose intent and signals have not been read as they stand now."""
    visits = visits_of(in_order(material.rows))
    return [visit for visit in visits if not _is_read(visit, material.readings.get(visit.visit_id))]


def last_seq(visit: CustomerVisit) -> int:
    """The highest sequence number in a visit."""
    return max(row.seq for row in visit.rows)


def _is_read(visit: CustomerVisit, reading: Reading | None) -> bool:
    if reading is not None:
        return (reading.interactions, reading.last_seq) == (len(visit.rows), last_seq(visit))
    # Who only looked at pages wanted nothing that could be read.
    return not visit.has_words and all(row.outcome is None for row in visit.rows)


class _AnsweredEscalation(NamedTuple):
    """An escalation, and the agent's first words."""

    row: EscalationRow
    words: str


def _met(taken: Sequence[Took], made: Sequence[EscalationRow]) -> Mapping[str, list[_AnsweredEscalation]]:
    """The escalations by the visit in which the agent was met."""
    met_by_visit: dict[str, list[_AnsweredEscalation]] = {}
    for took, row in zip(taken, made, strict=True):
        if took.contact is not None and not took.superseded:
            met_by_visit.setdefault(took.contact.visit.visit_id, []).append(
                _AnsweredEscalation(row, took.contact.row.interaction_id)
            )
    return met_by_visit


def _visit_row(
    visit: CustomerVisit,
    seen: CustomerHistory,
    customer_id: str,
    readings: Mapping[str, Reading | None],
    met: Sequence[_AnsweredEscalation] | None,
) -> VisitRow:
    before, reading = visit.before, readings[visit.visit_id]
    before_reading = readings[before.visit_id] if before else None
    restated = _restated(visit, seen.history) if before else []
    handed_on = [meeting.row for meeting in met or ()]
    broke = bool(restated) or any(escalation.gap or escalation.repeated for escalation in handed_on)
    return VisitRow(
        visit_id=visit.visit_id,
        identity_id=visit.rows[0].identity_id,
        customer_id=customer_id,
        journey_id=visit.journey_id,
        at=milliseconds(visit.at),
        until=milliseconds(visit.until),
        channel=visit.channel.value,
        intent=reading.intent if reading else None,
        queue=next((escalation.queue for escalation in handed_on if escalation.queue), None),
        conversation_id=visit.conversation_id,
        interactions=len(visit.rows),
        last_seq=last_seq(visit),
        settled=visit.standing is Standing.SETTLED,
        escalated=bool(handed_on),
        is_read=_is_read(visit, reading),
        before_id=before.visit_id if before else None,
        before_channel=before.channel.value if before else None,
        before_intent=before_reading.intent if before_reading else None,
        gap_ms=max(0, milliseconds(visit.at) - milliseconds(before.until)) if before else None,
        broke=broke,
        restated=distinct(restated),
    )


def _restated(visit: CustomerVisit, history: RestatedFact) -> list[Restatement]:
    """What the customer said again to whoever served them in a visit."""
    messages = [row for row in visit.rows if row.kind is Kind.MESSAGE and row.text.strip()]
    served = [row for row in messages if row.actor is not Actor.CUSTOMER]
    customer_messages = [row for row in messages if row.actor is Actor.CUSTOMER]
    return history.restated(customer_messages, visit.position, beside=served) if served else []


def _spots(
    visits: Sequence[CustomerVisit],
    made: Sequence[VisitRow],
    readings: Mapping[str, Reading | None],
    met: Mapping[str, Sequence[_AnsweredEscalation]],
) -> list[SpotRow]:
    ends = {row.journey_id: row for row in made}
    taken_over: dict[str, int] = {}
    for row in made:
        moments = [meeting.row.connected_at or meeting.row.at for meeting in met.get(row.visit_id, ())]
        taken_over[row.journey_id] = max([*moments, taken_over.get(row.journey_id, -1)])
    times = {row.interaction_id: milliseconds(row.occurred_at) for visit in visits for row in visit.rows}
    spots_by_id: dict[str, SpotRow] = {}
    for row in made:
        for kind, at, evidence in _moments(row, readings[row.visit_id], met.get(row.visit_id, ()), times):
            cost = not ends[row.journey_id].settled or taken_over[row.journey_id] >= at
            spot = _spot(row, kind, at, evidence, cost=cost)
            spots_by_id[spot.spot_id] = spot
    return list(spots_by_id.values())


def _moments(
    row: VisitRow, reading: Reading | None, met: Sequence[_AnsweredEscalation], times: Mapping[str, int]
) -> Iterator[tuple[str, int, tuple[str, ...]]]:
    for signal in reading.signals if reading else ():
        yield signal.type, signal.at, signal.evidence
    again = {*row.restated, *(pair for meeting in met for pair in meeting.row.restated)}
    if again:
        _, original, restated = min(again, key=lambda pair: (times[pair[2]], pair))
        yield "information_repeated", times[restated], (original, restated)
    for meeting in met:
        if meeting.row.gap:
            yield "context_gap", times[meeting.words], (meeting.words,)


def _spot(row: VisitRow, kind: str, at: int, evidence: tuple[str, ...], *, cost: bool) -> SpotRow:
    return SpotRow(
        spot_id=f"{kind} {row.visit_id} {evidence[-1]}",
        customer_id=row.customer_id,
        journey_id=row.journey_id,
        at=at,
        kind=kind,
        channel=row.channel,
        intent=row.intent,
        before_channel=row.before_channel,
        queue=row.queue,
        conversation_id=row.conversation_id,
        cost=cost,
        evidence=evidence,
    )
