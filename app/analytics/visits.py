"""Visits and journeys: a customer's interactions as they came and went.

A visit is what happened in one conversation on one channel; without a conversation, what happened on one channel
without a pause of half an hour (the pause that ends a session in web analytics). A conversation that is taken up again
after a day, as threads of messengers are, is a visit anew. Visits with no week between them are one journey.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from app.models import Actor, Channel, Interaction, Kind
from app.nlu.issue_status import Standing, standing

SESSION_PAUSE = timedelta(minutes=30)
THREAD_PAUSE = timedelta(days=1)
JOURNEY_PAUSE = timedelta(days=7)


@dataclass(slots=True)
class CustomerVisit:
    """One visit; `position` is where its first interaction stands among all of the customer's."""

    position: int
    rows: list[Interaction]
    journey_id: str = ""
    before: "CustomerVisit | None" = None
    _standing: Standing | None = field(default=None, repr=False)

    @property
    def visit_id(self) -> str:
        """The id of its first interaction."""
        return self.rows[0].interaction_id

    @property
    def channel(self) -> Channel:
        """Where it was."""
        return next((row.channel for row in self.rows if row.actor is not Actor.SYSTEM), self.rows[0].channel)

    @property
    def conversation_id(self) -> str | None:
        """The caller's id of the conversation; None for a stretch of self-service without one."""
        return self.rows[0].conversation_id

    @property
    def at(self) -> datetime:
        """When it began."""
        return self.rows[0].occurred_at

    @property
    def until(self) -> datetime:
        """When it ended."""
        return self.rows[-1].occurred_at

    @property
    def standing(self) -> Standing:
        """How its matter stood when it ended."""
        if self._standing is None:
            self._standing = standing(self.rows)
        return self._standing

    @property
    def has_words(self) -> bool:
        """Whether the customer or an agent said anything in it."""
        return any(row.kind is Kind.MESSAGE and row.text.strip() for row in self.rows)


def in_order(rows: Sequence[Interaction]) -> list[Interaction]:
    """Interactions as they happened."""
    return sorted(rows, key=lambda row: (row.occurred_at, row.seq))


def visits_of(rows: Sequence[Interaction]) -> list[CustomerVisit]:
    """The visits in interactions that are in order, each with its journey and the visit before it in that journey."""
    open_visits: dict[tuple[str | None, Channel | None], CustomerVisit] = {}
    visits: list[CustomerVisit] = []
    for index, row in enumerate(rows):
        key = (row.conversation_id, row.channel if row.conversation_id is None else None)
        visit = open_visits.get(key)
        if visit is None or _is_anew(visit, row):
            visit = open_visits[key] = CustomerVisit(index, [])
            visits.append(visit)
        visit.rows.append(row)
    contacts = [visit for visit in visits if any(_is_contact(row) for row in visit.rows)]
    _chain(contacts)
    return contacts


def stints(visit: CustomerVisit) -> Iterator[int]:
    """The places in a visit's rows at which an agent takes over: first of all, and from a bot that served meanwhile."""
    served_by_bot, asked_bot = True, True
    for index, row in enumerate(visit.rows):
        if row.kind is not Kind.MESSAGE:
            continue
        if row.actor is Actor.AGENT:
            if served_by_bot and asked_bot:
                yield index
            served_by_bot = asked_bot = False
        elif row.actor is Actor.BOT:
            served_by_bot = True
        elif row.actor is Actor.CUSTOMER and served_by_bot:
            asked_bot = True


def _is_anew(visit: CustomerVisit, row: Interaction) -> bool:
    pause = SESSION_PAUSE if row.conversation_id is None else THREAD_PAUSE
    if row.occurred_at - visit.until > pause:
        return True
    return row.channel is not visit.channel and row.actor is not Actor.SYSTEM


def _is_contact(row: Interaction) -> bool:
    # What a system or a bot sends on its own is no visit of the customer's.
    return row.actor is Actor.CUSTOMER or (row.actor is Actor.AGENT and row.kind is Kind.MESSAGE)


def _chain(visits: Sequence[CustomerVisit]) -> None:
    before: CustomerVisit | None = None
    last: datetime | None = None
    for visit in visits:
        goes_on = before is not None and last is not None and visit.at - last <= JOURNEY_PAUSE
        visit.before = before if goes_on else None
        visit.journey_id = before.journey_id if goes_on and before is not None else visit.visit_id
        last = visit.until if last is None or not goes_on else max(last, visit.until)
        before = visit
