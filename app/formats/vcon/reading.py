"""A vCon into interactions: what was said as messages, what happened as events, what was made of it as notes."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from pydantic import JsonValue, ValidationError
from pydantic_core import to_json

from app.formats.options import DEFAULT_OPTIONS, ReadingOptions
from app.formats.vcon.bodies import Content, content_of, media_type
from app.formats.vcon.channels import channel_of
from app.formats.vcon.parties import Cast
from app.formats.vcon.schema import WHOLE, Attachment, Dialog, Document, VconAnalysis, VconPart, defect, document_of
from app.formats.vcon.talk import MAX_TEXT, Speaker, VconTalk, VconTranscript, is_transcript
from app.formats.vcon.transcripts import later, times_of
from app.models import MAX_DATA_BYTES, Actor, Channel, InteractionDraft, Kind, Outcome, RowWarning
from app.validation import check_size_of_data, interaction_draft, invalid_fields, invalid_request

# Attachments of this purpose hold an interaction that is no dialog, as `vcon_of` writes them.
INTERACTION_PURPOSE = "warmline.interaction"
SIDE_UNKNOWN = "side_unknown"

_OUTCOMES: Mapping[str, Outcome] = {
    "no-answer": Outcome.FAILED,
    "congestion": Outcome.FAILED,
    "failed": Outcome.FAILED,
    "busy": Outcome.FAILED,
    "hung-up": Outcome.ABANDONED,
    "voicemail-no-message": Outcome.ABANDONED,
}
_EVENT_NAMES = {"transfer": "transfer", "incomplete": "contact_attempt", "recording-set": "recording_set"}
_READABLE = ("text", "summary", "situation", "message", "content", "label", "value")
_LAST = datetime.max.replace(tzinfo=UTC)


class ReadVcon(NamedTuple):
    """The interactions of a vCon, the warnings of each of them, and everybody who speaks with how that was told."""

    drafts: Sequence[InteractionDraft]
    warnings: Sequence[Sequence[RowWarning]]
    speakers: Sequence[tuple[str, Speaker]]


def interactions_of(document: object, options: ReadingOptions = DEFAULT_OPTIONS) -> list[InteractionDraft]:
    """The interactions of one vCon (a JSON value), in the order they happened.

    `conversation_id` is the vCon's uuid and the caller ids count the document's entries, so the same vCon again makes
    no second rows: `{uuid}-dialog-2`, `{uuid}-analysis-0`, `{uuid}-attachment-1`, and `{uuid}-analysis-0-7` for the
    eighth turn of a transcript. Every one carries the customer's identifiers, where it is known who that is. Binary
    content and what is over the limits of `data` is described, never kept. Raises InvalidRequest, whose errors name
    each defect by its path, or PayloadTooLarge.
    """
    return list(read_vcon(document, options).drafts)


def read_vcon(document: object, options: ReadingOptions) -> ReadVcon:
    """As `interactions_of`, with what has to be said of them."""
    return _Reader(document_of(document, options.naive_times), options).read()


class _Reader:
    def __init__(self, document: Document, options: ReadingOptions) -> None:
        self._document = document
        self._options = options
        self._cast = Cast(document, options)
        self._contents = _contents(document)
        self._talk = VconTalk(document, self._cast, self._contents)
        self._identifiers = self._cast.identifiers()
        self._channels = [dialog and channel_of(dialog, document.parties) for dialog in document.dialog]
        for index in self._talk.heard:
            dialog = None if index is None else document.dialog[index]
            if index is not None and dialog is not None and dialog.duration and not dialog.application:
                # What was transcribed was spoken.
                self._channels[index] = Channel.VOICE
        self._unknown: dict[str, str] = {}

    def read(self) -> ReadVcon:
        """The interactions in the order they happened."""
        document = self._document
        drafts = [
            self._of_dialog(index, dialog)
            for index, dialog in enumerate(document.dialog)
            if dialog and self._says(index)
        ]
        for index, analysis in enumerate(document.analysis):
            if index in self._talk.transcripts:
                drafts += self._of_transcript(index, self._talk.transcripts[index])
            elif analysis:
                drafts.append(self._of_analysis(index, analysis))
        drafts += [
            self._of_attachment(index, attachment)
            for index, attachment in enumerate(document.attachments)
            if attachment
        ]
        drafts.sort(key=lambda draft: draft.occurred_at or _LAST)
        if drafts and document.subject:
            drafts[0] = _under(document.subject, drafts[0])
        warnings = [self._warnings(draft) for draft in drafts]
        return ReadVcon(drafts, warnings, list(self._talk.speakers()))

    def _warnings(self, draft: InteractionDraft) -> Sequence[RowWarning]:
        label = self._unknown.get(draft.id or "")
        return () if label is None else (side_unknown(label),)

    def _says(self, index: int) -> bool:
        # A text without any content was redacted, or nothing was said.
        dialog, content = self._document.dialog[index], self._contents["dialog", index]
        return dialog is not None and (dialog.type != "text" or bool(dialog.url) or content not in (Content(), _BLANK))

    def _of_dialog(self, index: int, dialog: Dialog) -> InteractionDraft:
        content = self._contents["dialog", index]
        duration = None if dialog.duration is None else round(dialog.duration * 1000)
        data: dict[str, Any] = {
            "application": dialog.application,
            "message_id": dialog.message_id,
            # Not `duration_ms`: in an event that would say how long the customer paused.
            "length_ms": duration,
            "recordings": list(dialog.recordings),
        }
        path = f"dialog[{index}]"
        common: dict[str, Any] = {"occurred_at": dialog.start, "channel": self._channels[index]}
        if not dialog.is_recording:
            common["participant"] = self._cast.participant(_acting(dialog))
        if dialog.type == "text":
            speaker = self._talk.of_party(dialog.sender)
            data |= _described(dialog, content)
            data |= _told_by(speaker)
            common |= {"kind": Kind.MESSAGE, "text": _text(content), "actor": speaker.actor or Actor.SYSTEM}
            self._note(f"dialog-{index}", speaker, self._cast.label(dialog.sender))
        elif dialog.is_recording:
            data |= _described(dialog, Content(size=content.size))
            common |= {"kind": Kind.EVENT, "name": "recording", "actor": Actor.SYSTEM}
        else:
            common |= self._of_signalling(dialog) | {"kind": Kind.EVENT, "name": _EVENT_NAMES[dialog.type]}
            data |= self._roles(dialog) | {"disposition": dialog.disposition}
            if dialog.type == "transfer":
                common["channel"] = self._channel_of(dialog.original) or common["channel"]
        return self._draft(path, f"dialog-{index}", data, **common)

    def _of_signalling(self, dialog: Dialog) -> dict[str, Any]:
        if dialog.type == "recording-set":
            return {"actor": Actor.SYSTEM}
        stated = (dialog.disposition or "").strip().lower().replace("_", "-").replace(" ", "-")
        if dialog.type == "incomplete":
            return {"actor": self._side(dialog.sender), "outcome": _OUTCOMES.get(stated, Outcome.UNKNOWN)}
        reached = [self._document.dialog[index] for index in dialog.target_dialog]
        if stated in _OUTCOMES:
            outcome = _OUTCOMES[stated]
        elif not any(reached):
            outcome = Outcome.UNKNOWN
        else:
            connected = any(target is not None and target.type != "incomplete" for target in reached)
            outcome = Outcome.SUCCEEDED if connected else Outcome.FAILED
        return {"actor": self._side(dialog.transferor), "outcome": outcome}

    def _roles(self, dialog: Dialog) -> dict[str, Any]:
        return {
            "transferor": self._cast.label(dialog.transferor),
            "transferee": self._cast.label(dialog.transferee),
            "transfer_target": [self._cast.label(index) for index in dialog.transfer_target],
            "original": list(dialog.original),
            "consultation": list(dialog.consultation),
            "target_dialog": list(dialog.target_dialog),
        }

    def _side(self, party: int | None) -> Actor:
        return self._cast.actor(party) or Actor.SYSTEM

    def _note(self, caller_id: str, speaker: Speaker, label: str | None) -> None:
        if speaker.actor is None:
            self._unknown[f"{self._document.uuid}-{caller_id}"] = label or "a voice without a label"

    def _of_transcript(self, index: int, transcript: VconTranscript) -> Iterator[InteractionDraft]:
        turns = transcript.turns
        dialog = None if transcript.dialog is None else self._document.dialog[transcript.dialog]
        start = dialog.start if dialog else self._document.created_at or self._document.updated_at
        duration = dialog.duration if dialog else None
        try:
            times = times_of(turns, start, duration, self._options.naive_times) if start else [None] * len(turns)
        except ValueError as failure:
            raise invalid_fields([defect(["analysis", index, "body"], str(failure))], whole=WHOLE) from None
        channel = Channel.VOICE if transcript.dialog is None else self._channels[transcript.dialog]
        for position, (turn, time) in enumerate(zip(turns, times, strict=True)):
            speaker = self._talk.of_turn(index, turn)
            caller_id = f"analysis-{index}-{position}"
            self._note(caller_id, speaker, None if turn.speaker is None else str(turn.speaker))
            yield self._draft(
                f"analysis[{index}].body",
                caller_id,
                {"dialog": transcript.dialog, "speaker": turn.speaker, **_told_by(speaker)},
                occurred_at=time,
                channel=channel,
                actor=speaker.actor or Actor.SYSTEM,
                participant=speaker.participant,
                kind=Kind.MESSAGE,
                text=turn.text,
            )

    def _of_analysis(self, index: int, analysis: VconAnalysis) -> InteractionDraft:
        content = self._contents["analysis", index]
        if is_transcript(analysis) and self._talk.heard & set(analysis.dialog):
            # Another service's transcript of what is filed already would only say everything twice.
            content = Content(size=_size(analysis.body))
        data = {
            "vendor": analysis.vendor,
            "product": analysis.product,
            "schema": analysis.schema_,
            "dialog": list(analysis.dialog),
        }
        return self._draft(
            f"analysis[{index}]",
            f"analysis-{index}",
            data | _described(analysis, content),
            occurred_at=self._end_of(analysis.dialog),
            channel=self._channel_of(analysis.dialog) or self._any_channel(),
            actor=Actor.SYSTEM,
            kind=Kind.NOTE,
            name=analysis.type,
            text=_text(content),
        )

    def _of_attachment(self, index: int, attachment: Attachment) -> InteractionDraft:
        content = self._contents["attachments", index]
        related = () if attachment.dialog is None else (attachment.dialog,)
        time = attachment.start or self._start_of(related) or self._document.created_at or self._end_of(())
        path, caller_id = f"attachments[{index}]", f"attachment-{index}"
        if attachment.purpose == INTERACTION_PURPOSE and isinstance(content.value, dict):
            own = {**self._own(caller_id), "occurred_at": time}
            return interaction_draft({**content.value, **own}, inside=f"{path}.body", whole=WHOLE)
        readable = content.text is not None or content.value is not None
        data = {"purpose": attachment.purpose, "dialog": list(related)}
        return self._draft(
            path,
            caller_id,
            data | _described(attachment, content),
            occurred_at=time,
            channel=self._channel_of(related) or self._any_channel(),
            actor=self._side(attachment.party),
            participant=self._cast.participant(attachment.party),
            kind=Kind.NOTE if readable else Kind.EVENT,
            name=(attachment.purpose or "attachment")[:256],
            text=_text(content),
        )

    def _channel_of(self, dialogs: Sequence[int]) -> Channel | None:
        return next((channel for index in dialogs if (channel := self._channels[index])), None)

    def _any_channel(self) -> Channel:
        return self._channel_of(range(len(self._channels))) or Channel.OTHER

    def _start_of(self, dialogs: Sequence[int]) -> datetime | None:
        return next((dialog.start for index in dialogs if (dialog := self._document.dialog[index])), None)

    def _end_of(self, dialogs: Sequence[int]) -> datetime | None:
        # Analyses have no time of their own; they were made when what they are about was over.
        about = [dialog for index in dialogs if (dialog := self._document.dialog[index])]
        about = about or [dialog for dialog in self._document.dialog if dialog]
        ends = [later(dialog.start, dialog.duration or 0) for dialog in about]
        return max(ends, default=self._document.updated_at or self._document.created_at)

    def _own(self, caller_id: str) -> dict[str, Any]:
        uuid = self._document.uuid
        return {"id": f"{uuid}-{caller_id}", "conversation_id": uuid, "identifiers": self._identifiers}

    def _draft(self, path: str, caller_id: str, data: Mapping[str, Any], **fields: Any) -> InteractionDraft:
        filled = {key: value for key, value in data.items() if value not in (None, [], "")}
        if len(to_json(filled)) > MAX_DATA_BYTES and "body" in filled:
            filled["bytes"] = len(to_json(filled.pop("body")))
        try:
            draft = InteractionDraft(data=filled, **self._own(caller_id), **fields)
        except ValidationError as failure:
            raise invalid_request(failure, inside=path, whole=WHOLE) from None
        check_size_of_data(draft, inside=path)
        return draft


_BLANK = Content(text="")


def side_unknown(label: str) -> RowWarning:
    """The warning of a message of which it is not known whether the customer or our side said it."""
    return RowWarning(
        field="actor",
        code=SIDE_UNKNOWN,
        detail=f"Whether {label} is the customer or serves is told neither by the document nor by what is said. It was "
        "filed as nobody's words. Name the customer in the option `customer`, or give the parties a role.",
    )


def _told_by(speaker: Speaker) -> Mapping[str, Any]:
    """What is kept of how a side was told: nothing where the document says it."""
    if speaker.actor is None:
        return {"side": "unknown"}
    return {"side_confidence": round(speaker.confidence, 3)} if speaker.reason == "talk" else {}


def _acting(dialog: Dialog) -> int | None:
    """The party that a dialog is the act of; none began what only joins recordings."""
    if dialog.type == "recording-set":
        return None
    return dialog.transferor if dialog.type == "transfer" else dialog.sender


def _under(subject: str, draft: InteractionDraft) -> InteractionDraft:
    data = {"subject": subject, **draft.data}
    return draft.model_copy(update={"data": data}) if len(to_json(data)) <= MAX_DATA_BYTES else draft


def _contents(document: Document) -> Mapping[tuple[str, int], Content]:
    contents: dict[tuple[str, int], Content] = {}
    defects: list[Mapping[str, Any]] = []
    for name, index, part in _parts(document):
        is_text = isinstance(part, Dialog) and part.type == "text"
        try:
            content = content_of(part, json_as_text=document.writes_json_as_text, text_expected=is_text)
        except ValueError as failure:
            defects.append(defect([name, index, "body"], str(failure)))
            continue
        if len(content.text or "") > MAX_TEXT and is_text:
            defects.append(defect([name, index, "body"], f"At most {MAX_TEXT:,} characters are taken of one dialog"))
        contents[name, index] = content
    if defects:
        raise invalid_fields(defects, whole=WHOLE)
    return contents


def _parts(document: Document) -> Iterator[tuple[str, int, VconPart]]:
    sections: Mapping[str, Sequence[VconPart | None]] = {
        "dialog": document.dialog,
        "analysis": document.analysis,
        "attachments": document.attachments,
    }
    for name, parts in sections.items():
        yield from ((name, index, part) for index, part in enumerate(parts) if part is not None)


def _described(part: VconPart, content: Content) -> dict[str, Any]:
    """What is told of a part beside its text: a JSON body whole, anything else by its kind, size and place."""
    media = media_type(part)
    long = content.text is not None and len(content.text) > MAX_TEXT
    return {
        "mediatype": None if media == "text/plain" else media,
        "filename": part.filename,
        "url": part.url,
        "content_hash": list(part.content_hash),
        "bytes": len((content.text or "").encode()) if long else content.size,
        "body": content.value,
    }


def _text(content: Content) -> str:
    if content.text is not None:
        return content.text if len(content.text) <= MAX_TEXT else ""
    if not isinstance(content.value, dict):
        return ""
    candidates = (content.value.get(key) for key in _READABLE)
    return next(
        (candidate for candidate in candidates if isinstance(candidate, str) and len(candidate) <= MAX_TEXT), ""
    )


def _size(body: JsonValue) -> int | None:
    if body is None:
        return None
    return len(body.encode()) if isinstance(body, str) else len(to_json(body))
