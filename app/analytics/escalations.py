"""Escalations: the moments at which an agent takes over, with a handoff or without one.

With a handoff, the agent's conversation is the first after it within two days, on the channel it led to where there is
one. A handoff asked for within a minute of the agent's first words still leads there. Without one, an agent who follows
a bot in the same conversation, or whom the customer reaches with a matter that was left unsettled elsewhere in the same
journey, took over too.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from app.analytics.handoff_penalty import Penalty, penalty_of
from app.analytics.handoffs import HandoffFacts
from app.analytics.repeats import RestatedFact, Restatement
from app.analytics.visits import CustomerVisit, stints
from app.models import Actor, Interaction, Kind
from app.nlu.issue_status import Standing, same_matter
from app.ports.continuity import EscalationRow

CONNECTS_WITHIN = timedelta(days=2)
# An agent who has the brief this soon after the first words had it in time.
IN_TIME = timedelta(minutes=1)
LOOK_BACK = 5


class Contact(NamedTuple):
    """An agent's conversation: the visit, the place of the agent's first words in it, and from where on it is theirs.

    `position` is the place in the customer's whole history before which the ledger held what it held.
    """

    visit: CustomerVisit
    first: int
    begins: int
    position: int

    @property
    def row(self) -> Interaction:
        """The agent's first words."""
        return self.visit.rows[self.first]

    @property
    def rows(self) -> Sequence[Interaction]:
        """What was said and done in it."""
        return self.visit.rows[self.begins :]


class Took(NamedTuple):
    """An escalation: the handoff, the agent's conversation, and where the customer came from; not all need be there."""

    handoff: HandoffFacts | None
    contact: Contact | None
    source: CustomerVisit | None
    from_channel: str | None
    superseded: bool = False


class CustomerHistory(NamedTuple):
    """One customer's history as the escalations are found in it."""

    rows: Sequence[Interaction]
    places: Mapping[str, int]
    visits: Sequence[CustomerVisit]
    history: RestatedFact
    handoffs: Sequence[HandoffFacts]


def escalations_in(seen: CustomerHistory) -> list[Took]:
    """All escalations of one customer, in no particular order."""
    prepared = _with_handoffs(seen)
    met = {took.contact.row.interaction_id for took in prepared if took.contact is not None}
    return [*prepared, *_without_handoffs(seen, met)]


def escalation_row(
    took: Took, seen: CustomerHistory, customer_id: str, intents: Mapping[str, str | None]
) -> EscalationRow:
    """An escalation with all that the figures are made of."""
    handoff, contact = took.handoff, took.contact
    feedback = handoff.feedback if handoff else None
    connected = (feedback and feedback.connected_at) or (contact.row.occurred_at if contact else None)
    restated = _restated(contact, seen.history) if contact and not took.superseded else None
    word = feedback.repeated if feedback else None
    repeated = word if word is not None else (bool(restated) if restated is not None else None)
    gap, gap_by, gap_reason = _gap(took, connected)
    penalty = _penalty(contact, connected, seen.history) if not took.superseded else None
    return EscalationRow(
        escalation_id=handoff.handoff_id if handoff else _row_of(contact).interaction_id,
        customer_id=customer_id,
        at=milliseconds(_moment(took)),
        from_channel=took.from_channel,
        to_channel=(contact.visit.channel.value if contact else None) or (handoff.to_channel if handoff else None),
        intent=(handoff.intent if handoff else None) or _intent(took, intents),
        queue=handoff.queue if handoff else None,
        reason=handoff.reason if handoff else None,
        conversation_id=(handoff.conversation_id if handoff else None)
        or (took.source.conversation_id if took.source else None),
        agent_conversation_id=contact.visit.conversation_id if contact else None,
        handoff_id=handoff.handoff_id if handoff else None,
        connected_at=milliseconds(connected) if connected else None,
        repeated=repeated,
        repeated_by=None if repeated is None else "feedback" if word is not None else "ledger",
        restated=distinct(restated or ()),
        gap=gap,
        gap_by=gap_by,
        gap_reason=gap_reason,
        penalty_ms=penalty.ms if penalty else None,
        penalty_until=penalty.until if penalty else None,
        brief_ms=handoff.brief_ms if handoff else None,
        overridden=handoff.overridden if handoff else None,
        overrides=handoff.overrides if handoff else (),
    )


def distinct(restated: Iterable[Restatement]) -> tuple[tuple[str, str, str], ...]:
    """Each thing said again once, as a row holds it."""
    return tuple(
        dict.fromkeys((restatement.kind, restatement.original, restatement.restated) for restatement in restated)
    )


def milliseconds(moment: datetime) -> int:
    """Milliseconds since 1970 in UTC."""
    return round(moment.astimezone(UTC).timestamp() * 1000)


# --- with a handoff ---


def _with_handoffs(seen: CustomerHistory) -> list[Took]:
    escalations = [_taken(handoff, seen) for handoff in seen.handoffs]
    last: dict[str, int] = {
        took.contact.row.interaction_id: index for index, took in enumerate(escalations) if took.contact is not None
    }
    # Of several handoffs before the same conversation, the agent had the last one's brief.
    return [
        took._replace(superseded=took.contact is not None and last[took.contact.row.interaction_id] != index)
        for index, took in enumerate(escalations)
    ]


def _taken(handoff: HandoffFacts, seen: CustomerHistory) -> Took:
    rows = [row for row in seen.rows if row.seq <= handoff.as_of_seq and row.occurred_at <= handoff.at]
    newest = rows[-1].occurred_at if rows else None
    source = _source(handoff, rows, seen.visits)
    contact = _contact(handoff, newest, source, seen)
    last = next((row for row in reversed(rows) if row.conversation_id == handoff.conversation_id), None)
    last = last or (rows[-1] if rows else None)
    return Took(handoff, contact, source, handoff.from_channel or (last.channel.value if last else None))


def _source(
    handoff: HandoffFacts, rows: Sequence[Interaction], visits: Sequence[CustomerVisit]
) -> CustomerVisit | None:
    recorded_ids = {row.interaction_id for row in rows}
    begun = [visit for visit in visits if visit.visit_id in recorded_ids]
    own = [visit for visit in begun if handoff.conversation_id and visit.conversation_id == handoff.conversation_id]
    return (own or begun or [None])[-1]


def _contact(
    handoff: HandoffFacts, newest: datetime | None, source: CustomerVisit | None, seen: CustomerHistory
) -> Contact | None:
    connected = handoff.feedback.connected_at
    contacts = _contacts(handoff, newest, seen, connected) or _contacts(handoff, newest, seen, None)
    contacts.sort(key=lambda contact: (contact.row.occurred_at, contact.row.seq))
    elsewhere = source is not None and handoff.to_channel not in (None, source.channel.value)
    led_to = [contact for contact in contacts if contact.visit.channel.value == handoff.to_channel] if elsewhere else []
    return next(iter(led_to or contacts), None)


def _contacts(
    handoff: HandoffFacts, newest: datetime | None, seen: CustomerHistory, connected: datetime | None
) -> list[Contact]:
    """The first agent's words after a handoff in each visit that has any, once the call was connected."""
    contacts: list[Contact] = []
    for visit in seen.visits:
        begins = next((index for index, row in enumerate(visit.rows) if _is_after(row, handoff, newest)), None)
        starts = set(stints(visit))
        for first, row in enumerate(visit.rows):
            if row.actor is not Actor.AGENT or row.kind is not Kind.MESSAGE:
                continue
            if connected is not None and row.occurred_at < connected - IN_TIME:
                continue
            started = first in starts and handoff.at - IN_TIME < row.occurred_at <= handoff.at
            if started or (begins is not None and first >= begins):
                contacts.append(_of_visit(visit, first, begins if begins is not None else first, seen))
                break
    return [contact for contact in contacts if _is_near(contact, handoff, newest)]


def _is_after(row: Interaction, handoff: HandoffFacts, newest: datetime | None) -> bool:
    if row.occurred_at > handoff.at:
        return True
    # History that is filed in replay bears its own times, so what was numbered after the handoff came after it.
    return row.seq > handoff.as_of_seq and (newest is None or row.occurred_at >= newest)


def _is_near(contact: Contact, handoff: HandoffFacts, newest: datetime | None) -> bool:
    asked = min(handoff.at, newest) if newest is not None and contact.row.occurred_at <= handoff.at else handoff.at
    return contact.row.occurred_at - asked <= CONNECTS_WITHIN


def _of_visit(visit: CustomerVisit, first: int, after: int, seen: CustomerHistory) -> Contact:
    # What the customer says to a bot on the way is not said to the agent.
    bot = max((index for index in range(first) if visit.rows[index].actor is Actor.BOT), default=-1)
    begins = max(min(first, after), bot + 1)
    return Contact(visit, first, begins, seen.places[visit.rows[begins].interaction_id])


# --- without one ---


def _without_handoffs(seen: CustomerHistory, met: set[str]) -> list[Took]:
    escalations: list[Took] = []
    for visit in seen.visits:
        for number, first in enumerate(stints(visit)):
            if visit.rows[first].interaction_id in met:
                continue
            took = _after_a_bot(visit, first, seen)
            if took is None and number == 0:
                took = _from_elsewhere(visit, first, seen)
            if took is not None:
                escalations.append(took)
    return escalations


def _after_a_bot(visit: CustomerVisit, first: int, seen: CustomerHistory) -> Took | None:
    before = visit.rows[:first]
    if not any(row.actor is Actor.BOT and row.kind is Kind.MESSAGE for row in before):
        return None
    return Took(None, _of_visit(visit, first, first, seen), visit, visit.channel.value)


def _from_elsewhere(visit: CustomerVisit, first: int, seen: CustomerHistory) -> Took | None:
    source, looked_at = visit.before, 0
    while source is not None and looked_at < LOOK_BACK:
        if source.standing is not Standing.SETTLED and same_matter(source.rows, visit.rows, source.standing):
            return Took(None, _of_visit(visit, first, 0, seen), source, source.channel.value)
        source, looked_at = source.before, looked_at + 1
    return None


# --- what the figures are made of ---


def _restated(contact: Contact, history: RestatedFact) -> list[Restatement] | None:
    rows = [row for row in contact.rows if row.kind is Kind.MESSAGE and row.text.strip()]
    customer_messages = [row for row in rows if row.actor is Actor.CUSTOMER]
    if not customer_messages:
        return None
    return history.restated(
        customer_messages, contact.position, beside=[row for row in rows if row.actor is not Actor.CUSTOMER]
    )


def _penalty(contact: Contact | None, connected: datetime | None, history: RestatedFact) -> Penalty | None:
    if contact is None or connected is None:
        return None
    # A desktop's clock may be ahead of the channel's.
    return penalty_of(contact.rows, min(connected, contact.row.occurred_at), history, contact.position)


def _gap(took: Took, connected: datetime | None) -> tuple[bool | None, str | None, str | None]:
    """Whether the agent knew nothing of it, who says so, and why."""
    handoff = took.handoff
    if handoff is None:
        return True, "ledger", "no_handoff"
    feedback = handoff.feedback
    if feedback.missing is not None:
        return feedback.missing, "feedback", "missing_context" if feedback.missing else None
    if took.superseded:
        return None, None, None
    shown = feedback.displayed_at
    late = shown is not None and connected is not None and shown - connected > IN_TIME
    unseen = not feedback.is_seen and feedback.connected_at is not None
    why = "no_brief" if not handoff.has_brief else "not_displayed" if unseen else "displayed_late" if late else None
    reported = handoff.has_brief and (unseen or feedback.is_seen)
    return why is not None, "feedback" if reported else "ledger", why


def _intent(took: Took, intents: Mapping[str, str | None]) -> str | None:
    own = intents.get(took.source.visit_id) if took.source else None
    return own or (intents.get(took.contact.visit.visit_id) if took.contact else None)


def _moment(took: Took) -> datetime:
    at = [
        moment for moment in (took.handoff and took.handoff.at, took.contact and took.contact.row.occurred_at) if moment
    ]
    return min(at)


def _row_of(contact: Contact | None) -> Interaction:
    assert contact is not None  # an escalation without a handoff is known by the agent's words alone
    return contact.row
