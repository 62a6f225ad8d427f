"""A transcript that is a file of its own, as one conversation on the phone: captions, or a speech service's JSON."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple, cast

from pydantic import ValidationError

from app.errors import InvalidRequest
from app.formats.options import ReadingOptions
from app.formats.roles import Label, read_label
from app.formats.speakers import Attribution, Voice, attribute
from app.formats.timestamps import placed
from app.formats.turns import Turn, plain_keys, turns_in, when
from app.models import Actor, Channel, InteractionDraft, Kind, Participant
from app.validation import invalid_request

_IDS = ("conversationid", "contactid", "communicationid", "jobname", "transcriptid", "requestid", "id")
_DATES = ("starttime", "startedat", "createdat", "recordingstarttime", "date")
_LONGEST_ID = 200


class SpeakerFound(NamedTuple):
    """Somebody who speaks: what the document calls them, what they were taken for, and how that was told."""

    label: str
    attribution: Attribution
    turns: int


class ReadRecording(NamedTuple):
    """The interactions of a transcript and everybody who speaks; `dated` tells whether it names a day."""

    id: str
    drafts: Sequence[InteractionDraft]
    speakers: Sequence[SpeakerFound]
    dated: bool


def is_transcript(value: Mapping[str, object]) -> bool:
    """Whether a JSON object is a transcript that tells its speakers apart."""
    return any(turn.speaker is not None for turn in turns_in(cast(Any, dict(value))))


def recording_of(value: object, name: str, options: ReadingOptions) -> ReadRecording:
    """A speech service's JSON, named by itself or else by its file. Raises InvalidRequest."""
    turns = turns_in(cast(Any, value))
    fields = plain_keys(cast(Mapping[str, Any], value)) if isinstance(value, Mapping) else {}
    given = next(
        (str(given_id) for key in _IDS if isinstance(given_id := fields.get(key), str | int) and given_id), name
    )
    start: datetime | None = None
    for key in _DATES:
        moment = when(fields.get(key))
        if isinstance(moment, datetime):
            start = placed(moment, options.naive_times)
            break
    return recording_of_turns(turns, given[:_LONGEST_ID], options, start=start)


def recording_of_turns(
    turns: Sequence[Turn], conversation_id: str, options: ReadingOptions, *, start: datetime | None = None
) -> ReadRecording:
    """Turns as interactions of one conversation, `{id}-0` and so on. Raises InvalidRequest."""
    labels = {turn.speaker: Label() if turn.speaker is None else read_label(str(turn.speaker)) for turn in turns}
    _check_customer(options.customer, list(labels))
    voices = [
        Voice(
            speaker,
            [turn.text for turn in turns if turn.speaker == speaker],
            side=_side(speaker, label, options.customer),
        )
        for speaker, label in labels.items()
        # A transcript that tells nobody apart is nobody's words.
        if speaker is not None
    ]
    attributions = attribute((), voices).voices
    try:
        times = _times(turns, start, options.naive_times)
    except ValueError as failure:
        raise InvalidRequest(f"{failure}.") from None
    drafts = [
        _draft(
            turn,
            labels[turn.speaker],
            attributions.get(turn.speaker),
            at,
            (conversation_id, index),
        )
        for index, (turn, at) in enumerate(zip(turns, times, strict=True))
    ]
    nobody = Attribution(None, None, 0.0, "unknown")
    speakers = [
        SpeakerFound(
            "a voice without a label" if speaker is None else str(speaker),
            attributions.get(speaker, nobody),
            sum(turn.speaker == speaker for turn in turns),
        )
        for speaker in labels
    ]
    dated = start is not None or any(isinstance(turn.start, datetime) for turn in turns)
    return ReadRecording(conversation_id, drafts, speakers, dated)


def _draft(
    turn: Turn, label: Label, attribution: Attribution | None, at: datetime | None, where: tuple[str, int]
) -> InteractionDraft:
    actor = attribution.actor if attribution else None
    data: dict[str, Any] = {"speaker": turn.speaker}
    if actor is None:
        data["side"] = "unknown"
    elif attribution is not None and attribution.reason == "talk":
        data["side_confidence"] = round(attribution.confidence, 3)
    try:
        return InteractionDraft(
            id=f"{where[0]}-{where[1]}",
            occurred_at=at,
            channel=Channel.VOICE,
            actor=actor or Actor.SYSTEM,
            kind=Kind.MESSAGE,
            conversation_id=where[0],
            participant=Participant(name=label.name) if label.name else None,
            text=turn.text,
            data={key: part for key, part in data.items() if part is not None},
        )
    except ValidationError as failure:
        raise invalid_request(failure, inside=f"turn {where[1]}") from None


def _times(turns: Sequence[Turn], start: datetime | None, naive_times: str) -> Sequence[datetime | None]:
    times: list[datetime | None] = []
    clock = start
    for turn in turns:
        if isinstance(turn.start, datetime):
            clock = placed(turn.start, naive_times)
        elif turn.start is not None and start is not None:
            clock = start + timedelta(seconds=turn.start)
        times.append(clock)
    return times


def _side(speaker: int | str, label: Label, customer: str | None) -> Actor | None:
    """The side that is given: where somebody is named as the customer, everybody else serves."""
    if not customer:
        return label.side
    if _is_meant(customer, speaker, label):
        return Actor.CUSTOMER
    return label.side if label.side in (Actor.BOT, Actor.SYSTEM) else Actor.AGENT


def _is_meant(customer: str | None, speaker: int | str | None, label: Label) -> bool:
    wanted = (customer or "").strip().casefold()
    return bool(wanted) and wanted in (str(speaker).casefold(), (label.name or "").casefold())


def _check_customer(customer: str | None, speakers: Sequence[int | str | None]) -> None:
    labels = [str(speaker) for speaker in speakers if speaker is not None]
    if customer and not any(_is_meant(customer, label, read_label(label)) for label in labels):
        named = ", ".join(labels) if labels else "nobody: it does not tell who speaks"
        raise InvalidRequest(f"customer: nobody here is called {customer!r}. It names {named}.")
