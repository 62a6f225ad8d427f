"""What was said in a vCon, by whom: its text dialogs and its transcripts, with the side of everybody who speaks."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, cast

from app.formats.roles import read_label
from app.formats.speakers import Attribution, Key, Voice, attribute
from app.formats.turns import Turn
from app.formats.vcon.bodies import Content
from app.formats.vcon.parties import Cast
from app.formats.vcon.schema import Dialog, Document, VconAnalysis
from app.formats.vcon.transcripts import turns_of
from app.models import Actor, Participant

MAX_TEXT = 200_000
TRANSCRIPTS = frozenset({"transcript", "transcription", "wtf_transcription"})


class VconTranscript(NamedTuple):
    """The turns of one analysis, and the dialog that they were heard in; None where the vCon has none."""

    dialog: int | None
    turns: Sequence[Turn]


class Speaker(NamedTuple):
    """Who speaks: the side, None where it is not known; who that is, where it is; how that was told."""

    actor: Actor | None
    participant: Participant | None
    reason: str
    confidence: float


class VconTalk:
    """The talk of a vCon."""

    def __init__(self, document: Document, cast: Cast, contents: Mapping[tuple[str, int], Content]) -> None:
        self._document = document
        self._cast = cast
        self._contents = contents
        self.transcripts = dict(self._read_transcripts())
        self.heard = {transcript.dialog for transcript in self.transcripts.values()}
        self._attributions: dict[Key, Attribution] = {}
        cast.check_that_somebody_is_meant(
            [
                turn.speaker
                for transcript in self.transcripts.values()
                for turn in transcript.turns
                if isinstance(turn.speaker, str)
            ]
        )
        self._tell_apart()

    def of_party(self, party: int | None) -> Speaker:
        """Who a party of a dialog is."""
        attribution = self._attributions.get(party) if party is not None else None
        actor, participant = self._cast.actor(party), self._cast.participant(party)
        return Speaker(
            actor,
            participant,
            attribution.reason if attribution else "document",
            attribution.confidence if attribution else 1.0,
        )

    def of_turn(self, analysis: int, turn: Turn) -> Speaker:
        """Who says a turn of a transcript."""
        attribution = self._attributions.get((analysis, turn.speaker))
        if attribution is None:
            return Speaker(None, None, "unknown", 0.0)
        label = turn.speaker if isinstance(turn.speaker, str) else None
        participant = self._cast.participant(attribution.party) or _called(label)
        return Speaker(attribution.actor, participant, attribution.reason, attribution.confidence)

    def speakers(self) -> Iterator[tuple[str, Speaker]]:
        """Everybody who speaks, by what they are called in the document."""
        for key, attribution in self._attributions.items():
            if isinstance(key, int):
                yield self._cast.label(key) or "", self.of_party(key)
            else:
                name = self._cast.label(attribution.party)
                label = str(cast(tuple[int, object], key)[1])
                known_as = label if name is None or name == label else f"{label} = {name}"
                yield (
                    known_as,
                    Speaker(
                        attribution.actor,
                        self._cast.participant(attribution.party),
                        attribution.reason,
                        attribution.confidence,
                    ),
                )

    def _read_transcripts(self) -> Iterator[tuple[int, VconTranscript]]:
        dialogs = self._document.dialog
        silent = [
            index for index, dialog in enumerate(dialogs) if dialog is not None and self._is_to_be_transcribed(index)
        ]
        heard: set[int | None] = set()
        # A transcript that says who spoke is worth more than one that does not.
        for index, turns in sorted(self._turns(), key=lambda read: all(turn.speaker is None for turn in read[1])):
            analysis = self._document.analysis[index]
            # An analysis that names no dialog is of the only one there is.
            places = (analysis.dialog if analysis else ()) or (silent if len(silent) == 1 else ())
            fresh: list[int | None] = [index_ for index_ in places if index_ in silent and index_ not in heard]
            if not any(dialogs) and None not in heard:
                fresh = [None]
            if fresh:
                heard.update(fresh)
                yield index, VconTranscript(fresh[0], turns)

    def _is_to_be_transcribed(self, index: int) -> bool:
        dialog, content = self._document.dialog[index], self._contents.get(("dialog", index), Content())
        if dialog is None:
            return False
        # What was spoken may be told as a text dialog that holds no word itself.
        return dialog.is_recording or (dialog.type == "text" and content in (Content(), Content(text="")))

    def _turns(self) -> Iterator[tuple[int, Sequence[Turn]]]:
        for index, analysis in enumerate(self._document.analysis):
            if analysis is not None and is_transcript(analysis):
                turns = turns_of(self._contents["analysis", index], self._cast)
                if turns and all(len(turn.text) <= MAX_TEXT for turn in turns):
                    yield index, turns

    def _tell_apart(self) -> None:
        written = self._written()
        for analysis, transcript in self.transcripts.items():
            dialog = None if transcript.dialog is None else self._document.dialog[transcript.dialog]
            self._take([*written, *self._spoken(analysis, transcript.turns, dialog)], dialog)
        if not self.transcripts:
            self._take(written, None)

    def _take(self, voices: Sequence[Voice], dialog: Dialog | None) -> None:
        people = dialog.parties if dialog is not None else ()
        answer = attribute(self._cast.weighed(), voices, candidates=people)
        for key, attribution in answer.voices.items():
            if key not in self._attributions or self._attributions[key].actor is None:
                self._attributions[key] = attribution
        sides = {
            attribution.party: attribution.actor
            for attribution in answer.voices.values()
            if attribution.party is not None and attribution.actor
        }
        if answer.customer is not None:
            sides[answer.customer] = Actor.CUSTOMER
        self._cast.settle(sides)

    def _written(self) -> Sequence[Voice]:
        texts: dict[int, list[str]] = {}
        for index, dialog in enumerate(self._document.dialog):
            if dialog is not None and dialog.type == "text" and dialog.sender is not None:
                text = self._contents["dialog", index].text
                if text and text.strip():
                    texts.setdefault(dialog.sender, []).append(text)
        return [Voice(party, spoken, party=party) for party, spoken in texts.items()]

    def _spoken(self, analysis: int, turns: Sequence[Turn], dialog: Dialog | None) -> Iterator[Voice]:
        texts: dict[int | str | None, list[str]] = {}
        for turn in turns:
            texts.setdefault(turn.speaker, []).append(turn.text)
        numbers = {turn.speaker: turn.number for turn in turns}
        people = list(dict.fromkeys(dialog.parties)) if dialog is not None else []
        # Where a list names some by a party, its numbers count parties too, and not the voices of a recogniser.
        counts_parties = any(
            isinstance(speaker, int) or (isinstance(speaker, str) and self._cast.party_named(speaker) is not None)
            for speaker in texts
        )
        wanted = self._cast.meant.casefold()
        meant = next((label for label in texts if wanted and str(label).casefold() == wanted), None)
        for speaker, spoken in texts.items():
            party: int | None = None
            side: Actor | None = None
            if isinstance(speaker, int):
                party = speaker if speaker < len(self._cast.parties) else None
            elif isinstance(speaker, str):
                party, side = self._cast.party_named(speaker), read_label(speaker).side
                number = numbers[speaker]
                if counts_parties and party is None and number is not None and number < len(self._cast.parties):
                    party = number
                if meant is not None:
                    # Where somebody is named as the customer, everybody else serves.
                    side = Actor.CUSTOMER if speaker == meant else side if side is Actor.BOT else Actor.AGENT
            elif len(texts) > 1:
                continue
            if party is None and side is None and len(people) == 1 and len(texts) == 1:
                party = people[0]
            if speaker is not None or party is not None:
                yield Voice((analysis, speaker), spoken, party, None if party is not None else side, numbers[speaker])


def is_transcript(analysis: VconAnalysis) -> bool:
    """Whether an analysis says that it holds what was spoken."""
    return analysis.type.lower() in TRANSCRIPTS


def _called(label: str | None) -> Participant | None:
    name = read_label(label).name if label else None
    return Participant(name=name) if name else None
