"""A conversation as the conversation topics tell it: the whole state again at every change.

Only what has happened, and cannot change any more, becomes a row, under an id made of what it is: so that the same step
in any later state is the same row, in whatever order the states come. Shapes: Platform API, `ConversationEventTopic…`
and `Conversation` (an example in the tests of gildas/go-gcloudcx); the topics of one kind of media have the fields of
the call or chat on the participant itself.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from app.connectors.base import PASSED_ON_BY
from app.connectors.cloud_payloads import (
    Json,
    as_object,
    as_objects,
    digest,
    filled,
    moment_field,
    named,
    row,
    row_id,
    text_field,
)
from app.connectors.genesys.people import (
    NAME,
    actor_of,
    address_identifiers,
    channel_of,
    contact_identifiers,
    conversation_of,
)
from app.models import Actor, Channel, InteractionDraft, Kind, LifecycleStep, Problem, Visibility

_COMMUNICATIONS: Mapping[str, str] = {
    "calls": "voice",
    "callbacks": "callback",
    "chats": "chat",
    "emails": "email",
    "messages": "message",
    "videos": "video",
    "socialExpressions": "socialexpression",
    "cobrowsesessions": "cobrowse",
    "screenshares": "screenshare",
}
# A part without words, on which who speaks is somebody else's.
_BESIDE = frozenset({"screenshare", "cobrowse"})


class _Participation(NamedTuple):
    """One person or machine in a conversation, with what connects them: their calls, chats, messages."""

    conversation_id: str
    person: Json
    purpose: str
    media: Sequence[tuple[str, Json]]

    @property
    def own_id(self) -> str:
        return text_field(self.person, "id")

    @property
    def channel(self) -> Channel:
        spoken = [(kind, state) for kind, state in self.media if kind not in _BESIDE]
        kinds = [word for kind, state in spoken for word in (text_field(state, "type"), kind)]
        return channel_of(*kinds)

    @property
    def connected_at(self) -> datetime | None:
        return _first([self.person, *(state for _, state in self.media)], "connectedTime")

    @property
    def left_at(self) -> datetime | None:
        """When they left; None while any of their connections stands."""
        if at := moment_field(self.person, "endTime"):
            return at
        ends = [moment_field(state, "disconnectedTime", "endTime") for _, state in self.media]
        known_ends = [end for end in ends if end is not None]
        return max(known_ends) if known_ends and len(known_ends) == len(ends) else None

    @property
    def way_out(self) -> str:
        """How their last connection ended, such as `transfer`."""
        ways = [text_field(state, "disconnectType").lower() for _, state in [*self.media, ("", self.person)]]
        return next((way for way in reversed(ways) if way), "")


def is_snapshot(body: Json) -> bool:
    """Whether this is a conversation with its participants."""
    return bool(text_field(body, "id")) and bool(as_objects(body.get("participants")))


def snapshot_rows(body: Json) -> Sequence[InteractionDraft | Problem]:
    """What has happened in the conversation up to this state."""
    conversation_id = text_field(body, "id")
    people = [_part(conversation_id, person) for person in as_objects(body.get("participants"))]
    has_customer = any(part.purpose == "customer" for part in people)
    rows: list[InteractionDraft | Problem] = []
    for part in people:
        actor = actor_of(part.purpose)
        if actor is Actor.CUSTOMER and (part.purpose == "customer" or not has_customer):
            rows += _customer_rows(part)
        elif actor is Actor.AGENT:
            rows += _agent_rows(part)
        else:
            rows += _joined_rows(part)
        rows += _hold_rows(part)
        rows += _data_rows(part)
    return rows


def _part(conversation_id: str, person: Json) -> _Participation:
    media = [(kind, state) for name, kind in _COMMUNICATIONS.items() for state in as_objects(person.get(name))]
    # In the topics of one kind of media, the participant is the call or chat.
    if not media and text_field(person, "state"):
        media = [(text_field(person, "mediaType", "type") or ("voice" if "ani" in person else "chat"), person)]
    return _Participation(conversation_id, person, text_field(person, "purpose").lower(), media)


def _first(states: Sequence[Json], *names: str) -> datetime | None:
    return min((at for state in states if (at := moment_field(state, *names)) is not None), default=None)


def _row(part: _Participation, step: str, at: datetime | None, **fields: object) -> InteractionDraft | Problem:
    return row(
        **{
            "id": row_id(NAME, part.conversation_id, part.own_id, step),
            "occurred_at": at,
            "channel": part.channel,
            "actor": Actor.SYSTEM,
            "kind": Kind.EVENT,
            "conversation_id": conversation_of(part.conversation_id),
            **fields,
        }
    )


def _lifecycle(part: _Participation, step: LifecycleStep, at: datetime, **fields: object) -> InteractionDraft | Problem:
    return _row(part, step, at, kind=Kind.LIFECYCLE, name=step, **fields)


def _customer_rows(part: _Participation) -> Iterator[InteractionDraft | Problem]:
    """Who the customer is, before that they came and left."""
    at = part.connected_at
    if at is None:
        return
    called_us = not any(text_field(state, "direction").lower() == "outbound" for _, state in part.media)
    address = _address(part)
    identifiers = [
        *address_identifiers(address, part.channel, at, called_us=called_us),
        *contact_identifiers(part.person),
    ]
    # The name of a call is the carrier's, often that of a town, unless Genesys' own directory found the contact.
    is_name = part.channel is not Channel.VOICE or text_field(part.person, "externalContactId")
    name = text_field(part.person, "name") if is_name else ""
    if identifiers or name:
        facts = digest([name, [identifier.model_dump(mode="json") for identifier in identifiers]])
        yield _row(
            part,
            f"customer:{facts}",
            at,
            actor=Actor.CUSTOMER,
            name="customer_joined",
            participant=named(name, part.own_id),
            identifiers=identifiers,
        )
    yield _lifecycle(part, LifecycleStep.STARTED, at)
    if part.left_at:
        yield _lifecycle(part, LifecycleStep.ENDED, part.left_at)


def _address(part: _Participation) -> str:
    """The customer's end, as number or address; of a message by whom it came from."""
    for _, state in part.media:
        for name in ("fromAddress", "toAddress"):
            if address := text_field(as_object(state.get(name)), "addressNormalized", "addressRaw"):
                return address
    return text_field(part.person, "address", "ani")


def _agent_rows(part: _Participation) -> Iterator[InteractionDraft | Problem]:
    """That an agent took over, passed on or left, and what they noted at the end."""
    agent = named(text_field(part.person, "name"), text_field(part.person, "userId", "user"))
    if part.connected_at:
        yield _lifecycle(part, LifecycleStep.ASSIGNED, part.connected_at, actor=Actor.AGENT, participant=agent)
        if part.left_at and "transfer" in part.way_out:
            data = {PASSED_ON_BY: agent.id if agent and agent.id else part.own_id}
            yield _lifecycle(
                part, LifecycleStep.TRANSFERRED, part.left_at, actor=Actor.AGENT, participant=agent, data=data
            )
        elif part.left_at:
            yield _row(part, "left", part.left_at, actor=Actor.AGENT, participant=agent, name="agent_left")
    wrapup = as_object(part.person.get("wrapup"))
    if wrapup:
        yield wrapup_row(
            row_id(NAME, part.conversation_id, part.own_id),
            wrapup,
            conversation_id=conversation_of(part.conversation_id),
            channel=part.channel,
            participant=agent,
        )


def wrapup_row(prefix: str, wrapup: Json, **fields: object) -> InteractionDraft | Problem:
    """What an agent noted at the end, for agents alone; a note that was changed is another row."""
    facts = filled(
        code=text_field(wrapup, "code", "wrapupCode", "name"),
        tags=wrapup.get("tags") or wrapup.get("wrapupTags"),
    )
    notes = text_field(wrapup, "notes", "wrapupNotes")
    return row(
        **fields,
        id=row_id(prefix, "wrapup", digest([notes, facts])),
        occurred_at=moment_field(wrapup, "endTime", "eventTime"),
        actor=Actor.AGENT,
        kind=Kind.NOTE if notes else Kind.EVENT,
        text=notes,
        name="wrap_up",
        visibility=Visibility.INTERNAL,
        data=facts,
    )


def _joined_rows(part: _Participation) -> Iterator[InteractionDraft | Problem]:
    """That a queue, a menu, a bot or a third party came into the conversation."""
    if part.connected_at:
        actor = actor_of(part.purpose)
        yield _row(
            part,
            "joined",
            part.connected_at,
            actor=actor if actor is Actor.BOT else Actor.SYSTEM,
            name=f"{part.purpose or 'participant'}_joined"[:256],
            data=filled(name=text_field(part.person, "name"), queue=text_field(part.person, "queueName", "queueId")),
        )


def _hold_rows(part: _Participation) -> Iterator[InteractionDraft | Problem]:
    """That somebody was put on hold; a state tells only of the hold that stands."""
    for _, state in part.media:
        at = moment_field(state, "startHoldTime")
        if at is not None and state.get("held") is True:
            yield _row(part, f"hold:{at.isoformat()}", at, name="hold")


def _data_rows(part: _Participation) -> Iterator[InteractionDraft | Problem]:
    """What flows and scripts have written on the participant."""
    attributes = as_object(part.person.get("attributes"))
    if attributes:
        # Nobody tells when they were written: every state that has them tells alike since when somebody was there.
        at = part.connected_at
        yield _row(part, f"attributes:{digest(attributes)}", at, name="participant_data", data=attributes)
