"""A customer's letter that an agent passes on into the helpdesk becomes a row of its own, filed with the agent's.

The agent's row has the text that was sent, and what is read of it is what the agent wrote above the letter
(`app.nlu.read_rows`). It is internal, since nobody writes to the customer there. The customer's row stands in the same
conversation, under the sender's address as an unverified identifier, at the time that the letter's header names. It is
filed in the transaction that files the agent's row, and never without it; both its ids follow from the agent's, so that
whatever becomes of that row reaches it.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any

from app.ids import id_beside, new_id
from app.models import Actor, Identifier, Interaction, InteractionDraft, Kind, Participant, Visibility
from app.nlu.forwarded import FORWARDS, ForwardedLetter, Row, domain_of, forwarded_in, is_letter_of_ours, people_of
from app.ports import Arrival, ExistingRow, NewInteraction
from app.privacy import content_sha256

_NAME = "forwarded"
_LONGEST_ID, _LONGEST_VALUE = 256, 512


def forwarded_interaction_id(interaction_id: str) -> str:
    """Our id of the customer's row that an agent's row brings, if it brings one."""
    return id_beside(interaction_id, _NAME)


def forwarded_caller_id(caller_id: str) -> str:
    """The id of the customer's row among those of the caller."""
    whole = f"{caller_id}:{_NAME}"
    return whole if len(whole) <= _LONGEST_ID else f"{sha256(caller_id.encode()).hexdigest()}:{_NAME}"


def forwards(draft: InteractionDraft, before: Sequence[Row]) -> bool:
    """Whether an agent passes on a letter; `before` are the newest rows of the conversation.

    Where it may be one that is answered, they show that its writer was heard.
    """
    if not is_letter_of_ours(draft) or draft.partial or "@" not in draft.text:
        return False
    letter = forwarded_in(draft)
    return letter is not None and (letter.is_sure or not before)


def as_forwarding(draft: InteractionDraft) -> InteractionDraft:
    """An agent's draft that passes on a letter, as it is filed: for our side alone, under no address of our side."""
    own = {domain for each in people_of(draft) if (domain := domain_of(each))}
    others = [
        given
        for given in draft.identifiers
        if given.verified or given.type != "email" or domain_of(given.value) not in own
    ]
    fields: dict[str, Any] = {
        "identifiers": tuple(others),
        "visibility": Visibility.INTERNAL,
        "data": {**draft.data, FORWARDS: True},
    }
    return draft.model_copy(update=fields)


def passed_on(sent: Arrival, before: Sequence[Row]) -> Arrival | None:
    """The customer's row that an agent's row brings; None where the newest rows of the conversation have it already."""
    letter = forwarded_in(sent.draft)
    if letter is None:
        return None
    words = _bare(letter.text)
    if any(row.actor is Actor.CUSTOMER and _bare(row.text) == words for row in before):
        return None
    draft = _draft(sent.draft, letter)
    return Arrival(
        interaction_id=forwarded_interaction_id(sent.interaction_id), draft=draft, content_sha256=content_sha256(draft)
    )


def with_passed_on(
    arrivals: Iterable[Arrival], forwarded: Mapping[str, Arrival], filed: Collection[ExistingRow]
) -> list[Arrival]:
    """The arrivals with the customers' rows that some of them bring, by their interaction_id, each before its own."""
    arrivals = list(arrivals)
    taken = {row.id for row in filed} | {arrival.draft.id for arrival in arrivals if arrival.draft.id}
    together: list[Arrival] = []
    for arrival in arrivals:
        letter = forwarded.get(arrival.interaction_id)
        if letter is not None and letter.draft.id not in taken:
            together.append(letter)
        together.append(arrival)
    return together


def echoes(changed: Mapping[str, Interaction], filed: Iterable[ExistingRow]) -> list[NewInteraction]:
    """What edits and deletions of agents' rows do to the customers' rows that these brought, by their callers' ids.

    Without a letter any more, the customer's row is taken back.
    """
    made: list[NewInteraction] = []
    for target in filed:
        row = changed[target.id]
        letter = None if row.redacted else forwarded_in(row)
        fields: dict[str, Any] = {
            "occurred_at": row.deleted_at or row.edited_at or row.occurred_at,
            "channel": row.channel,
            "actor": row.actor,
            "kind": Kind.DELETION if letter is None else Kind.EDIT,
            "text": "" if letter is None else letter.text,
            "conversation_id": target.conversation_id,
            "target_id": target.id,
        }
        draft = InteractionDraft(**fields)
        made.append(
            NewInteraction(
                interaction_id=new_id("int"),
                identity_id=target.identity_id,
                draft=draft,
                content_sha256=content_sha256(draft),
            )
        )
    return made


def _draft(sent: InteractionDraft, letter: ForwardedLetter) -> InteractionDraft:
    moment = sent.occurred_at
    if letter.at is not None and (moment is None or letter.at < moment):
        moment = letter.at
    return InteractionDraft(
        id=forwarded_caller_id(sent.id) if sent.id else None,
        occurred_at=moment,
        channel=sent.channel,
        actor=Actor.CUSTOMER,
        kind=Kind.MESSAGE,
        conversation_id=sent.conversation_id,
        participant=Participant(name=letter.name, id=letter.address[:_LONGEST_ID]),
        identifiers=(Identifier(type="email", value=letter.address[:_LONGEST_VALUE]),),
        text=letter.text,
        data={"subject": letter.subject} if letter.subject else {},
        case_id=sent.case_id,
    )


def _bare(text: str) -> str:
    return " ".join(text.split()).casefold()
