"""A vCon into interactions: what was said as messages, what happened as events, what was made of it as notes."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from pydantic import JsonValue, ValidationError
from pydantic_core import to_json

from app.formats.vcon.bodies import Content, content_of, media_type
from app.formats.vcon.channels import channel_of
from app.formats.vcon.parties import Cast
from app.formats.vcon.schema import WHOLE, Attachment, Dialog, Document, VconAnalysis, VconPart, defect, document_of
from app.formats.vcon.transcripts import Turn, later, times_of, turns_of, voices_of
from app.models import MAX_DATA_BYTES, Actor, Channel, InteractionDraft, Kind, Outcome
from app.validation import check_size_of_data, interaction_draft, invalid_fields, invalid_request

MAX_TEXT = 200_000
# Attachments of this purpose hold an interaction that is no dialog, as `vcon_of` writes them.
INTERACTION_PURPOSE = "warmline.interaction"

_TRANSCRIPTS = frozenset({"transcript", "transcription", "wtf_transcription"})
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


class _RecordingTranscript(NamedTuple):
    """The turns of one analysis, and the recording that they were heard in."""

    dialog: int
    turns: Sequence[Turn]


def interactions_of(document: object) -> list[InteractionDraft]:
    """The interactions of one vCon (a JSON value), in the order they happened.

    `conversation_id` is the vCon's uuid and the caller ids count the document's entries, so the same vCon again makes
    no second rows: `{uuid}-dialog-2`, `{uuid}-analysis-0`, `{uuid}-attachment-1`, and `{uuid}-analysis-0-7` for the
    eighth turn of a transcript. Every one carries the customer's identifiers. Binary content and what is over the
    limits of `data` is described, never kept. Raises InvalidRequest, whose errors name each defect by its path, or
    PayloadTooLarge.
    """
    return _Reader(document_of(document)).read()


class _Reader:
    def __init__(self, document: Document) -> None:
        self._document = document
        self._cast = Cast(document)
        self._identifiers = self._cast.identifiers()
        self._contents = _contents(document)
        self._channels = [dialog and channel_of(dialog, document.parties) for dialog in document.dialog]
        self._transcripts = dict(self._read_transcripts())
        self._heard = {transcript.dialog for transcript in self._transcripts.values()}

    def read(self) -> list[InteractionDraft]:
        document = self._document
        drafts = [
            self._of_dialog(index, dialog)
            for index, dialog in enumerate(document.dialog)
            if dialog and self._says(index)
        ]
        for index, analysis in enumerate(document.analysis):
            if index in self._transcripts:
                drafts += self._of_transcript(index, self._transcripts[index])
            elif analysis:
                drafts.append(self._of_analysis(index, analysis))
        drafts += [
            self._of_attachment(index, attachment)
            for index, attachment in enumerate(document.attachments)
            if attachment
        ]
        drafts.sort(key=lambda draft: draft.occurred_at or _LAST)
        return [_under(document.subject, drafts[0]), *drafts[1:]] if drafts and document.subject else drafts

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
            data |= _described(dialog, content)
            common |= {"kind": Kind.MESSAGE, "text": _text(content), "actor": self._cast.actor(dialog.sender)}
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
            return {"actor": self._cast.actor(dialog.sender), "outcome": _OUTCOMES.get(stated, Outcome.UNKNOWN)}
        reached = [self._document.dialog[index] for index in dialog.target_dialog]
        if stated in _OUTCOMES:
            outcome = _OUTCOMES[stated]
        elif not any(reached):
            outcome = Outcome.UNKNOWN
        else:
            connected = any(target is not None and target.type != "incomplete" for target in reached)
            outcome = Outcome.SUCCEEDED if connected else Outcome.FAILED
        return {"actor": self._cast.actor(dialog.transferor), "outcome": outcome}

    def _roles(self, dialog: Dialog) -> dict[str, Any]:
        return {
            "transferor": self._cast.label(dialog.transferor),
            "transferee": self._cast.label(dialog.transferee),
            "transfer_target": [self._cast.label(index) for index in dialog.transfer_target],
            "original": list(dialog.original),
            "consultation": list(dialog.consultation),
            "target_dialog": list(dialog.target_dialog),
        }

    def _read_transcripts(self) -> Iterator[tuple[int, _RecordingTranscript]]:
        recordings = [
            index for index, dialog in enumerate(self._document.dialog) if dialog is not None and dialog.is_recording
        ]
        heard: set[int] = set()
        # A transcript that says who spoke is worth more than one that does not.
        for index, turns in sorted(
            self._turns(), key=lambda transcript: all(turn.speaker is None for turn in transcript[1])
        ):
            analysis = self._document.analysis[index]
            # An analysis that names no dialog is of the only one there is.
            named = (analysis.dialog if analysis else ()) or (recordings if len(recordings) == 1 else ())
            fresh = [recording for recording in named if recording in recordings and recording not in heard]
            if fresh:
                heard.update(fresh)
                yield index, _RecordingTranscript(fresh[0], turns)

    def _turns(self) -> Iterator[tuple[int, Sequence[Turn]]]:
        for index, analysis in enumerate(self._document.analysis):
            if analysis is not None and analysis.type.lower() in _TRANSCRIPTS:
                turns = turns_of(self._contents["analysis", index], self._cast)
                if turns and all(len(turn.text) <= MAX_TEXT for turn in turns):
                    yield index, turns

    def _of_transcript(self, index: int, transcript: _RecordingTranscript) -> Iterator[InteractionDraft]:
        dialog = self._document.dialog[transcript.dialog]
        assert dialog is not None, "transcripts are kept for recordings only"
        turns = transcript.turns
        voices, times = voices_of(turns, dialog, self._cast), times_of(turns, dialog)
        for position, (turn, voice, time) in enumerate(zip(turns, voices, times, strict=True)):
            yield self._draft(
                f"analysis[{index}].body",
                f"analysis-{index}-{position}",
                {"dialog": transcript.dialog, "speaker": turn.speaker},
                occurred_at=time,
                channel=self._channels[transcript.dialog],
                actor=voice.actor or Actor.SYSTEM,
                participant=voice.participant,
                kind=Kind.MESSAGE,
                text=turn.text,
            )

    def _of_analysis(self, index: int, analysis: VconAnalysis) -> InteractionDraft:
        content = self._contents["analysis", index]
        if analysis.type.lower() in _TRANSCRIPTS and self._heard & set(analysis.dialog):
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
            actor=self._cast.actor(attachment.party),
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
