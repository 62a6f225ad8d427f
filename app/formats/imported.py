"""What a file holds, recognised by its content, read into interactions, and what was taken for what.

A JSON value is a conversation file, a vCon, an interaction, a helpdesk's conversation or a speech service's transcript;
a list of turns is one transcript. Any other text is a mail, captions, or a conversation written down as plain text.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple, cast

from app.conversations import Row, conversation_of, fields_of
from app.errors import InvalidRequest
from app.formats.captions import is_captions, turns_of_captions
from app.formats.helpdesk import conversation_of_helpdesk, platform_of
from app.formats.mail import MailProblem, is_mail, read_mails
from app.formats.options import ReadingOptions
from app.formats.plain_text import conversation_in_text
from app.formats.recordings import ReadRecording, is_transcript, recording_of, recording_of_turns
from app.formats.turns import turn_of
from app.formats.vcon import read_vcon
from app.models import Actor, InteractionDraft, Kind, Visibility
from app.validation import interaction_draft

Form = Literal[
    "conversation", "interaction", "vcon", "transcript", "captions", "mail", "zendesk", "intercom", "chatwoot", "text"
]

REASONS: Mapping[str, str] = {
    "label": "its label or role says so",
    "name": "they introduce themselves by a name whose role is given",
    "document": "roles, names and addresses leave nobody else",
    "talk": "told by what they say",
    "unknown": "neither the document nor what is said tells it",
}


class SpeakerTaken(NamedTuple):
    """Somebody who speaks: what the file calls them, the side they were taken for, why, and how sure that is."""

    label: str
    side: str
    reason: str
    confidence: float


class ImportedPart(NamedTuple):
    """What one value or one text of a file is: its form, its interactions, who was taken for whom, what is left out.

    `problems` are entries that could not be read, each with its line; `lines` are those of the interactions, where each
    has its own. Without `dated` it names no time, and filing it dates it.
    """

    form: Form
    drafts: Sequence[InteractionDraft]
    speakers: Sequence[SpeakerTaken] = ()
    left_out: Sequence[str] = ()
    problems: Sequence[MailProblem] = ()
    lines: Sequence[int] = ()
    dated: bool = True

    @property
    def lasting_drafts(self) -> Sequence[InteractionDraft]:
        """The drafts to file for good: the same whenever the file is read."""
        if self.dated:
            return self.drafts
        return [draft.model_copy(update={"occurred_at": None}) for draft in self.drafts]


def part_of_value(value: object, name: str, options: ReadingOptions) -> ImportedPart:
    """What a JSON value holds; `name` names a transcript that has no id. Raises InvalidRequest or PayloadTooLarge."""
    fields = fields_of(value)
    of_ours = _of_ours(fields)
    if of_ours is not None:
        return of_ours
    if "vcon" in fields or ("uuid" in fields and "dialog" in fields):
        return _of_vcon(fields, options)
    platform = platform_of(fields)
    if platform is not None:
        return ImportedPart(cast(Form, platform), conversation_of_helpdesk(fields, options).drafts)
    if isinstance(value, list) or is_transcript(fields):
        return _of_recording("transcript", recording_of(cast(Any, value), name, options))
    raise InvalidRequest(
        "this is no interaction (an object with channel, actor, kind, text, …), no conversation (an object with id and "
        "turns), no vCon, no transcript that tells its speakers apart, and no conversation as Zendesk (a ticket with "
        "comments), Intercom or Chatwoot export it."
    )


def _of_ours(fields: Mapping[str, object]) -> ImportedPart | None:
    """A conversation file or an interaction; None where an object is neither, nor meant to be."""
    if "turns" in fields:
        drafts = conversation_of(fields)
        if not drafts.drafts:
            raise InvalidRequest("turns is empty: there is nothing to file.")
        return ImportedPart("conversation", drafts.drafts, dated=drafts.dated)
    # A chat's export has a channel too, but nobody who acts.
    if "channel" in fields and ("actor" in fields or platform_of(fields) is None):
        return ImportedPart("interaction", (interaction_draft(fields),))
    return None


def part_of_text(content: bytes, text: str, name: str, options: ReadingOptions) -> ImportedPart:
    """What a text holds that is no JSON. Raises InvalidRequest, which names the line."""
    if is_mail(content):
        return _of_mails(content, options)
    if is_captions(text):
        return _of_recording("captions", recording_of_turns(turns_of_captions(text), name, options))
    conversation = conversation_in_text(text, name=name)
    return ImportedPart("text", conversation.drafts, dated=conversation.dated)


def is_turn(value: object) -> bool:
    """Whether a JSON value is one turn of a transcript, so that a list of such values is the whole of it."""
    fields = fields_of(value)
    if not fields or "channel" in fields or "turns" in fields or "vcon" in fields or platform_of(fields) is not None:
        return False
    turn = turn_of(fields)
    return turn is not None and turn.speaker is not None


def gathered(rows: Iterable[Row]) -> Iterator[Row]:
    """Rows, with those that are turns of one transcript as one row that holds their list."""
    turns: list[object] = []
    line = 0
    for row in rows:
        if row.problem is None and is_turn(row.value):
            line = line or row.line
            turns.append(row.value)
        else:
            yield row
    if turns:
        yield Row(line, turns)


def sides_of(drafts: Sequence[InteractionDraft]) -> dict[str, int]:
    """How many messages each side has; `unknown` are those of which it could not be told."""
    counts: dict[str, int] = {}
    for draft in drafts:
        if draft.kind is Kind.MESSAGE:
            side = "unknown" if draft.data.get("side") == "unknown" else draft.actor.value
            counts[side] = counts.get(side, 0) + 1
    return counts


def others_of(drafts: Sequence[InteractionDraft]) -> dict[str, int]:
    """How many interactions are no messages, by kind; `internal note` where nobody outside is to see it."""
    counts: dict[str, int] = {}
    for draft in drafts:
        if draft.kind is not Kind.MESSAGE:
            internal = "internal " if draft.visibility is Visibility.INTERNAL else ""
            counts[f"{internal}{draft.kind}"] = counts.get(f"{internal}{draft.kind}", 0) + 1
    return counts


def _of_vcon(fields: Mapping[str, object], options: ReadingOptions) -> ImportedPart:
    read = read_vcon(fields, options)
    speakers = [
        SpeakerTaken(label, _side(speaker.actor), speaker.reason, round(speaker.confidence, 3))
        for label, speaker in read.speakers
    ]
    described = sum("bytes" in draft.data or draft.name == "recording" for draft in read.drafts)
    left_out = [f"the content of {described} recordings and files, which are described"] if described else []
    return ImportedPart("vcon", read.drafts, speakers, left_out)


def _of_recording(form: Form, read: ReadRecording) -> ImportedPart:
    if not read.drafts:
        raise InvalidRequest("nobody says anything in this transcript.")
    speakers = [
        SpeakerTaken(
            speaker.label,
            _side(speaker.attribution.actor),
            speaker.attribution.reason,
            round(speaker.attribution.confidence, 3),
        )
        for speaker in read.speakers
    ]
    return ImportedPart(form, read.drafts, speakers, dated=read.dated)


def _of_mails(content: bytes, options: ReadingOptions) -> ImportedPart:
    read = read_mails(content, options)
    reason = "talk" if read.guessed else "label"
    speakers = [SpeakerTaken(f"@{address.removeprefix('@')}", "agent", reason, 1.0) for address in read.ours]
    if not read.ours:
        speakers = [SpeakerTaken("all addresses", "unknown", "unknown", 0.0)]
    attached = sum(len(cast(list[Any], draft.data.get("attachments", ()))) for _, draft in read.drafts)
    left_out = [f"the content of {attached} attachments, which are named"] if attached else []
    return ImportedPart(
        "mail",
        [draft for _, draft in read.drafts],
        speakers,
        left_out,
        read.problems,
        [line for line, _ in read.drafts],
    )


def _side(actor: Actor | None) -> str:
    return "unknown" if actor is None else actor.value
