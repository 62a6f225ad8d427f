"""A brief as it is said aloud: to the agent, before the customer is connected, and to the customer who waits.

The whisper tells who it is, what they want, what did not work and what was promised, in at most 45 words, and only what
the brief's claims bear out: nothing unverified, nothing that agents wrote among themselves. What would have to be spelt
is spelt where there is room for it, else left out.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from app.briefs.phrases import language_of_locale
from app.briefs.speaking import Ear
from app.models import (
    Actor,
    Claim,
    Entity,
    Handoff,
    Interaction,
    Kind,
    Outcome,
    ResolutionStatus,
    SentimentLabel,
    SignalType,
    VerdictKind,
    VerificationStatus,
    Visibility,
)
from app.nlu.human_request import asks_for_person
from app.nlu.languages import language_of
from app.nlu.reply_moves import Reply, reply_of
from app.nlu.tables import ENGLISH, Language, sentences_of, spoken_of

MOST_WORDS = 45
_FEWEST_WANTED = 14
_LONGEST_PROMISE, _LONGEST_REFUSAL = 14, 12
_MOST_STEPS = 2

# Words of somebody; those of an earlier day have it behind them.
_QUOTATION = re.compile(r"“([^“”]{1,2000})”(?! \(\d{4}-)")
_NAME = re.compile(r"[^\W\d_](?:[^\W\d_]|[ .'’-]){1,48}")
_SENTENCE = re.compile(r"[^.!?]{1,600}(?:[.!?](?=\s|$)|$)")
# Entities whose values are said as they are written.
_SAYABLE = frozenset({"amount", "date", "product", "name", "location", "time"})
# Sentences that tell nothing without the question before them.
_REPLIES = frozenset({Reply.AGREES, Reply.DECLINES, Reply.THANKS, Reply.LEAVES})
_TROUBLE = frozenset({SignalType.REPEATED_FAILURE, SignalType.NEGATIVE_SENTIMENT, SignalType.BOT_LOOP})


class _WhisperParts(NamedTuple):
    """The parts of a whisper beside what the customer wants; each a sentence, or empty."""

    who: str
    failed: str = ""
    refused: str = ""
    promised: str = ""
    state: str = ""

    @property
    def length(self) -> int:
        return len(" ".join(self).split())


def whisper(handoff: Handoff, rows: Mapping[str, Interaction]) -> str:
    """What the agent is told before the customer is connected; `rows` is the evidence that there still is."""
    spelling, plain = (_whisper(handoff, rows, spells=spells) for spells in (True, False))
    wordy = len(spelling.split()) > MOST_WORDS or len(spelling.split(". ")) < len(plain.split(". "))
    return plain if wordy else spelling


def customer_line(handoff: Handoff) -> str:
    """What the customer is told while they wait: nothing of the case, and no promise; in the language they used."""
    brief = handoff.brief
    quotations = " ".join(_QUOTATION.findall(f"{brief.contact_reason or ''} {brief.customer_expectation or ''}"))
    words = spoken_of(language_of(quotations) or _language_of(handoff))
    if not (brief.contact_reason or brief.situation or brief.actions_taken):
        return words.waiting_blank
    is_upset = brief.sentiment is not None and brief.sentiment.label is SentimentLabel.NEGATIVE
    had_trouble = any(signal.type in _TROUBLE for signal in handoff.signals)
    return words.waiting_care if is_upset or had_trouble else words.waiting


def _language_of(handoff: Handoff) -> Language:
    """The language of the agent, as the request has it; else that in which a model wrote the brief."""
    locale = handoff.request.locale
    if locale or handoff.engine == "extractive":
        return language_of_locale(locale)
    return language_of(handoff.brief.situation or "") or ENGLISH


def _whisper(handoff: Handoff, rows: Mapping[str, Interaction], *, spells: bool) -> str:
    language = _language_of(handoff)
    codes = frozenset(entity.value.casefold() for entity in handoff.brief.entities if _is_code(entity))
    teller = _Teller(handoff, rows, Ear(language, spoken_of(language), codes, spells))
    parts = _WhisperParts(who=teller.who(), failed=teller.failed(), promised=teller.promised(), state=teller.state())
    if not parts.failed:
        parts = parts._replace(refused=teller.refused())
    if parts.state == teller.ear.words.settled and (parts.failed or parts.refused):
        parts = parts._replace(state="")
    for part in ("state", "refused", "promised"):
        if MOST_WORDS - parts.length < _FEWEST_WANTED:
            parts = parts._replace(**{part: ""})
    wants = teller.wants(MOST_WORDS - parts.length)
    if not wants and not any(parts[1:-1]):
        return " ".join(filter(None, (parts.who, teller.ear.words.blank, parts.state)))
    return " ".join(filter(None, (parts.who, wants, *parts[1:])))


def _is_code(entity: Entity) -> bool:
    """Whether an entity's value is a code that one cannot say as a word."""
    value = entity.value
    return entity.type not in _SAYABLE and " " not in value and (value.isupper() or any(map(str.isdigit, value)))


class _Teller(NamedTuple):
    """Says the parts of one handoff."""

    handoff: Handoff
    rows: Mapping[str, Interaction]
    ear: Ear

    def who(self) -> str:
        """Who it is, by name where their channel told one."""
        is_verified = self.handoff.verification_status is VerificationStatus.VERIFIED
        words, name = self.ear.words, self._name()
        if name:
            return (words.named_verified if is_verified else words.named).format(name=name)
        return words.verified if is_verified else words.unverified

    def wants(self, room: int) -> str:
        """What the customer came for, in their own words as far as there is room for them."""
        brief, words = self.handoff.brief, self.ear.words
        for frame, texts in (
            (words.wants, self._wishes((brief.contact_reason, brief.customer_expectation))),
            (words.matter, [brief.intent.label] if brief.intent.label else []),
        ):
            left = room - len(frame.split()) + 1
            pieces: list[str] = []
            spelt = frozenset[str]()
            for text in texts:
                piece = self.ear.sentence(text, left)
                whole = self.ear.sentence(text, len(text.split()) * 9)
                if not piece or (pieces and (piece != whole or piece in pieces or self._adds_nothing(text, spelt))):
                    continue
                pieces.append(piece)
                spelt |= self.ear.codes_in(text)
                left -= len(piece.split())
            if pieces:
                return frame.format(words=" ".join(pieces))
        return ""

    def _adds_nothing(self, text: str, spelt: frozenset[str]) -> bool:
        """Whether a further sentence only answers somebody, or comes back to what was spelt already."""
        return bool(_REPLIES & reply_of(text)) or not spelt.isdisjoint(self.ear.codes_in(text))

    def failed(self) -> str:
        """The last steps that were not brought to an end, by their names."""
        steps = [
            step.step.partition(":")[0].partition(" (")[0]
            for step in self.handoff.brief.actions_taken
            if step.outcome in (Outcome.FAILED, Outcome.ABANDONED) and self._may_be_heard(step.evidence)
        ]
        latest = list(dict.fromkeys(reversed(steps)))[:_MOST_STEPS]
        words = self.ear.words
        return words.failed.format(words=self.ear.sentence(words.joined.join(latest), 12)) if latest else ""

    def refused(self) -> str:
        """What our side refused, in its words."""
        opening = sentences_of(self.ear.language).phrases.refused.partition("{")[0]
        for sentence in self._pieces(self.handoff.brief.situation):
            quotation = _QUOTATION.search(sentence) if sentence.startswith(opening) else None
            heard = self.ear.sentence(quotation.group(1), _LONGEST_REFUSAL) if quotation else ""
            if heard:
                return self.ear.words.refused.format(words=heard)
        return ""

    def promised(self) -> str:
        """What our side promised last."""
        for commitment in reversed(self.handoff.brief.commitments):
            if commitment.by is Actor.CUSTOMER or not self._may_be_heard(commitment.evidence):
                continue
            if heard := self.ear.sentence(commitment.text, _LONGEST_PROMISE):
                return self.ear.words.promised.format(words=heard)
        return ""

    def state(self) -> str:
        """What the agent has to know first of how it stands."""
        words, phrases = self.ear.words, sentences_of(self.ear.language).phrases
        headed = (self.handoff.brief.headline or "").split(" · ")
        if phrases.overdue in headed[1:]:
            return words.overdue
        if any(signal.type is SignalType.HUMAN_REQUEST for signal in self.handoff.signals):
            return words.person
        stands = {ResolutionStatus.RESOLVED: words.settled, ResolutionStatus.PARTIAL: words.partly}
        return stands.get(self.handoff.brief.resolution_status, "")

    def _name(self) -> str:
        """The customer's name, as their channel showed it last."""
        names = [
            row.participant.name
            for row in sorted(self.rows.values(), key=lambda row: row.seq)
            if row.actor is Actor.CUSTOMER and row.participant and row.participant.name
        ]
        name = " ".join(names[-1].split()) if names else ""
        return name if _NAME.fullmatch(name) and len(name.split()) <= 4 else ""

    def _wishes(self, fields: Sequence[str | None]) -> Sequence[str]:
        """What the customer said in these fields; where a model worded them, their sentences."""
        texts: list[str] = []
        for field in fields:
            for sentence in self._pieces(field):
                quotations = _QUOTATION.findall(sentence)
                is_worded = self.handoff.engine == "model" and "“" not in sentence
                texts += quotations or ([sentence] if is_worded else [])
        # That they want a person is said of the state; said as the matter it would be said twice.
        return [text for text in dict.fromkeys(texts) if not asks_for_person(text)]

    def _pieces(self, field: str | None) -> Iterator[str]:
        """What a field of the brief says and its claims bear out."""
        claims = [claim for claim in self.handoff.brief.claims if claim.text and field and claim.text in field]
        if not field or (not claims and self.handoff.engine == "extractive"):
            # What our own engine tells is a fact or a quotation; a question is none of the claims.
            yield from [field] if field else ()
            return
        for claim in sorted(claims, key=lambda claim: field.find(claim.text)):
            if claim.verdict is VerdictKind.SUPPORTED and self._may_be_heard(_evidence_of(claim)):
                yield claim.text

    def _may_be_heard(self, evidence: Collection[str]) -> bool:
        """Whether none of this was written by agents among themselves."""
        rows = [self.rows[interaction_id] for interaction_id in evidence if interaction_id in self.rows]
        return not any(row.kind is Kind.NOTE or row.visibility is Visibility.INTERNAL for row in rows)


def _evidence_of(claim: Claim) -> Collection[str]:
    return {*claim.evidence, *(quote.interaction_id for quote in claim.quotes)}
