"""A handoff and its conversation as a vCon (draft core-04, syntax 0.4.0), for whoever files conversations so."""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import NAMESPACE_URL, uuid5

from app.formats.vcon.reading import INTERACTION_PURPOSE
from app.models import Actor, Brief, Customer, Evidence, Handoff, Interaction, Kind, Participant, Visibility

VERSION = "0.4.0"
VENDOR = "warmline"
BRIEF_SCHEMA = "warmline.brief.v1"

_ADDRESSES = {"phone": "tel", "email": "mailto", "sip": "sip", "uuid": "uuid"}
_PARTIES: Mapping[Actor, Mapping[str, str]] = {
    Actor.CUSTOMER: {"role": "customer", "type": "person"},
    Actor.BOT: {"role": "bot", "type": "bot"},
    Actor.AGENT: {"role": "agent", "type": "person"},
    Actor.SYSTEM: {"role": "system", "type": "organization"},
}


class _ActingParty(NamedTuple):
    actor: Actor
    participant: Participant | None = None


class _ActingParties:
    """The parties of a conversation: the customer first, then everybody else in the order in which they act.

    Whoever has a name is a party of their own. A customer with one name is that party throughout, since most of what a
    customer does names nobody; of agents without a name nobody knows whether they are the one who has one.
    """

    def __init__(self, rows: Sequence[Interaction], *, needs_system: bool) -> None:
        names = list(dict.fromkeys(row.participant for row in rows if row.actor is Actor.CUSTOMER and row.participant))
        self._customer = _ActingParty(Actor.CUSTOMER, names[0] if len(names) == 1 else None)
        acting = [self._of(row) for row in rows] + [_ActingParty(Actor.SYSTEM)] * needs_system
        self.parties = list(dict.fromkeys([self._customer, *acting]))

    def index(self, row: Interaction) -> int:
        """The index of the party that acts in an interaction."""
        return self.parties.index(self._of(row))

    def _of(self, row: Interaction) -> _ActingParty:
        nameless_customer = row.actor is Actor.CUSTOMER and row.participant is None
        return self._customer if nameless_customer else _ActingParty(row.actor, row.participant)


def vcon_of(
    handoff: Handoff, interactions: Sequence[Interaction], customer: Customer, *, internal: bool = False
) -> dict[str, Any]:
    """The vCon of a handoff: `interactions` are those of its conversation, `customer` is whose they are.

    What was said becomes text dialogs; events, tool calls and steps of a lifecycle become attachments whose JSON body
    holds the interaction. Left out are redacted interactions, edits and deletions, whose outcome the messages have, and
    without `internal` what our side wrote among itself, with the claims that only this bears out. The brief is an
    analysis of type `summary`, in which each claim also names the dialogs and attachments that bear it out, by index.
    The same handoff always has the same uuid.
    """
    hidden = frozenset(row.interaction_id for row in interactions if not internal and _is_internal(row))
    rows = sorted((row for row in interactions if _is_shown(row) and row.interaction_id not in hidden), key=_moment)
    spoken = [row for row in rows if _is_said(row)]
    others = [row for row in rows if not _is_said(row)]
    cast = _ActingParties(rows, needs_system=bool(others) and not spoken)
    dialogs = [_dialog(interaction, cast) for interaction in spoken] or [_silence(other, cast) for other in others[:1]]
    customer_party, *other_parties = cast.parties
    document: dict[str, Any] = {
        "vcon": VERSION,
        "uuid": str(uuid5(NAMESPACE_URL, f"warmline:{handoff.handoff_id}")),
        "extensions": ["CC"],
        "created_at": handoff.created_at.isoformat(),
        "parties": [_fields_of(customer_party) | _reached(customer), *map(_fields_of, other_parties)],
        "dialog": dialogs,
        "analysis": [_analysis(handoff, spoken, others, hidden)],
        "attachments": [_attachment(other, spoken, cast) for other in others],
    }
    if handoff.brief.headline:
        document["subject"] = handoff.brief.headline
    return document


def _is_shown(interaction: Interaction) -> bool:
    return not interaction.redacted and interaction.kind not in (Kind.EDIT, Kind.DELETION)


def _is_internal(interaction: Interaction) -> bool:
    """Whether an interaction is for those who serve only; the system's notes of a document are nobody's own words."""
    visibility = interaction.visibility
    by_people = interaction.kind is Kind.NOTE and interaction.actor in (Actor.AGENT, Actor.BOT)
    return visibility is Visibility.INTERNAL or by_people


def _is_said(interaction: Interaction) -> bool:
    return interaction.kind is Kind.MESSAGE and bool(interaction.text) and not _is_internal(interaction)


def _moment(interaction: Interaction) -> tuple[datetime, int]:
    return interaction.occurred_at, interaction.seq


def _fields_of(party: _ActingParty) -> dict[str, str]:
    name = party.participant.name if party.participant else None
    return {**_PARTIES[party.actor], **({"name": name} if name else {})}


def _reached(customer: Customer) -> dict[str, str]:
    # A vCon validates a party as a whole, so what is only claimed must not stand beside what is proved.
    proved = [identifier for identifier in customer.identifiers if identifier.verified]
    party: dict[str, str] = {}
    for identifier in proved or customer.identifiers:
        if identifier.type in _ADDRESSES:
            party.setdefault(_ADDRESSES[identifier.type], identifier.value)
    method = next((identifier.method for identifier in proved if identifier.method), "verified") if proved else "none"
    return party | {"validation": method}


def _dialog(interaction: Interaction, cast: _ActingParties) -> Mapping[str, Any]:
    speaker = cast.index(interaction)
    dialog = {
        "type": "text",
        "start": interaction.occurred_at.isoformat(),
        # The first party is the sender; what anyone else says is said to the customer.
        "parties": [speaker] if speaker == 0 else [speaker, 0],
        "mediatype": "text/plain",
        "encoding": "none",
        "body": interaction.text,
        "application": interaction.channel.value,
        "interaction_id": interaction.interaction_id,
    }
    return dialog | ({"message_id": interaction.id} if interaction.id else {})


def _silence(first: Interaction, cast: _ActingParties) -> Mapping[str, Any]:
    """Attachments must belong to a dialog, so a conversation in which nothing was said gets one without a word."""
    return {
        "type": "text",
        "start": first.occurred_at.isoformat(),
        "parties": [cast.parties.index(_ActingParty(Actor.SYSTEM)), 0],
        "mediatype": "text/plain",
        "encoding": "none",
        "body": "",
        "application": first.channel.value,
    }


def _attachment(interaction: Interaction, spoken: Sequence[Interaction], cast: _ActingParties) -> Mapping[str, Any]:
    before = bisect_left(spoken, _moment(interaction), key=_moment)
    body = {
        "channel": interaction.channel.value,
        "actor": interaction.actor.value,
        "kind": interaction.kind.value,
        "text": interaction.text,
        "name": interaction.name,
        "outcome": interaction.outcome.value if interaction.outcome else None,
        "data": dict(interaction.data),
    }
    if _is_internal(interaction) and interaction.kind is not Kind.NOTE:
        body["visibility"] = Visibility.INTERNAL.value
    if interaction.participant is not None:
        body["participant"] = interaction.participant.model_dump()
    return {
        "purpose": INTERACTION_PURPOSE,
        "start": interaction.occurred_at.isoformat(),
        "party": cast.index(interaction),
        "dialog": max(before - 1, 0),
        "mediatype": "application/json",
        "encoding": "json",
        "body": body,
    }


def _analysis(
    handoff: Handoff, spoken: Sequence[Interaction], others: Sequence[Interaction], hidden: frozenset[str]
) -> Mapping[str, Any]:
    places = {
        "dialog": {interaction.interaction_id: index for index, interaction in enumerate(spoken)},
        "attachment": {other.interaction_id: index for index, other in enumerate(others)},
    }
    covered = {name: list(indexes.values()) for name, indexes in places.items() if indexes}
    return {
        "type": "summary",
        **covered,
        "vendor": VENDOR,
        "product": handoff.model or handoff.engine,
        "schema": BRIEF_SCHEMA,
        "mediatype": "application/json",
        "encoding": "json",
        "body": {**handoff.brief.model_dump(mode="json"), "claims": list(_claims(handoff.brief, places, hidden))},
    }


def _claims(
    brief: Brief, places: Mapping[str, Mapping[str, int]], hidden: frozenset[str]
) -> Iterator[Mapping[str, Any]]:
    for claim in brief.claims:
        if claim.evidence and hidden.issuperset(claim.evidence):
            continue
        yield {
            **claim.model_dump(mode="json"),
            **{name: _at(claim.evidence, indexes) for name, indexes in places.items()},
        }


def _at(evidence: Evidence, places: Mapping[str, int]) -> Sequence[int]:
    return [places[interaction_id] for interaction_id in evidence if interaction_id in places]
