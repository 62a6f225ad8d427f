"""How the case stands, in sentences an agent can read in a breath, each with what backs it.

A sentence is a fact of the ledger in words of ours, or a quotation: nothing that somebody said is told in other words.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from app.briefs.case import MASK, SURE, SURE_OF_LABEL, Case
from app.briefs.due import is_overdue
from app.briefs.frames import Frames
from app.briefs.phrases import Phrases
from app.briefs.quoting import quoted, quotes_in
from app.briefs.reading import Utterance
from app.briefs.steps import Step, has_tried, humanised, label_of
from app.briefs.wishes import UNSETTLED, WishState
from app.models import Actor, Commitment, Entity, Evidence, Interaction, Outcome, Quote, ResolutionStatus
from app.nlu import Act

SITUATION_WORDS = 78
MOST_SENTENCES = 4
MOST_NAMED = 5
QUOTED_WORDS = 22
REASON_WORDS = 36
_TROUBLE = (Act.COMPLAINT, Act.REQUEST, Act.QUESTION)
_UNTOLD = ("date", "error_code", "email", "phone", "number")


class Told(NamedTuple):
    """A sentence of the brief with what backs it: interactions, and the words of theirs that it quotes."""

    text: str
    evidence: Evidence
    quotes: tuple[Quote, ...] = ()


class Wording(NamedTuple):
    """The words around quotations and facts, in the language of the brief."""

    frames: Frames
    phrases: Phrases

    def quotation(self, said: Utterance, frame: str, words: int = QUOTED_WORDS, **places: str) -> Told:
        """A sentence of ours around a quotation; `frame` has a place for `quote`, and for others."""
        quote = quoted(said.text, words)
        text = frame.format(quote=quote, actor=self.frames.actors[said.interaction.actor], **places)
        return told_of(text, said.interaction)

    def said(self, first: Utterance, *others: Utterance) -> Told:
        """What somebody said, in one or two quotations, with who said it."""
        every = (first, *others)
        words = REASON_WORDS // len(every)
        quotations = " – ".join(quoted(one.text, words) for one in every)
        text = self.frames.quotation(first.interaction.actor, quotations)
        rows = tuple(one.interaction for one in every)
        evidence = tuple(dict.fromkeys(row.interaction_id for row in rows))
        return Told(text, evidence, quotes_in(text, *rows))


class Findings(NamedTuple):
    """What was found out about a case, for every part of the brief: `broken` are the promises of ours not kept."""

    case: Case
    status: ResolutionStatus
    entities: tuple[Entity, ...]
    commitments: tuple[Commitment, ...]
    broken: tuple[Commitment, ...]
    wording: Wording


def told_of(text: str, row: Interaction) -> Told:
    """A sentence that one interaction backs."""
    ended = text if text[-1] in ".!?”»“’" else f"{text}."
    return Told(ended, (row.interaction_id,), quotes_in(text, row))


def contact_reason(case: Case, wording: Wording) -> Told | None:
    """What the customer came for, in their words; else the step they could not finish; None when there is neither."""
    reasons = case.reasons
    if reasons:
        return wording.said(*reasons)
    failed = [step for step in case.steps if step.action.outcome is not Outcome.SUCCEEDED]
    return _step(failed[-1], wording) if failed else None


def situation(findings: Findings) -> list[Told]:
    """One to four sentences, at most 78 words, the weightiest first: what was promised, done, refused, also wanted."""
    case, wording = findings.case, findings.wording
    candidates = [
        *_promises(findings),
        *_progress(case, wording),
        *_latest(case, wording),
        *_before(case, wording),
        *_turns(case, wording),
        *_refusals(case, wording),
        *_attempts(case, wording),
        *_person(case, wording),
        *_named(case, findings.entities, wording),
        *_other_wishes(case, wording),
        *_answer(case, wording),
    ]
    kept: list[Told] = []
    room = SITUATION_WORDS
    for told in candidates:
        words = len(told.text.split())
        if words <= room and len(kept) < MOST_SENTENCES and told.text not in (one.text for one in kept):
            kept.append(told)
            room -= words
    return kept


def _promises(findings: Findings) -> Iterable[Told]:
    """What our side promised last, and whether it is overdue."""
    wording = findings.wording
    ours = [one for one in findings.commitments if one.by is not Actor.CUSTOMER]
    rows = {row.interaction_id: row for row in findings.case.interactions}
    for one in ours[-1:]:
        row = rows.get(one.evidence[0])
        if row is None or one.at is None:
            continue
        text = wording.phrases.promised.format(
            actor=wording.frames.actors[one.by], day=f"{one.at:%Y-%m-%d}", quote=quoted(one.text, QUOTED_WORDS)
        )
        late = f" – {wording.phrases.overdue}." if one in findings.broken else ""
        yield told_of(text + late, row)


def broken_promises(case: Case, promised: Sequence[Commitment], now: datetime) -> tuple[Commitment, ...]:
    """The promises of ours that are overdue, where nothing tells that they were kept."""
    return tuple(one for one in promised if _is_broken(one, case, now))


def _is_broken(promise: Commitment, case: Case, now: datetime) -> bool:
    """Whether it is overdue, no step was taken since, and the customer does not say that they are content."""
    if promise.by is Actor.CUSTOMER or promise.at is None or not is_overdue(promise, now):
        return False
    since = promise.at
    done = any(
        step.action.at > since and step.action.outcome is Outcome.SUCCEEDED and step.action.actor is not Actor.CUSTOMER
        for step in case.steps
    )
    last = [one for one in case.said if one.by_customer and one.interaction.occurred_at > since]
    last = [one for one in last if one.interaction is last[-1].interaction]
    thanked = any(one.act is Act.THANKS for one in last) and not any(one.act in _TROUBLE for one in last)
    content = any(one.reading.moods["positive"] >= SURE for one in last)
    return not done and not content and not thanked


def _progress(case: Case, wording: Wording) -> Iterable[Told]:
    """The last two steps on record, those that went wrong before those that went well."""
    known = [step for step in case.steps if not step.told and not _is_the_customers_success(step)]
    by_weight = sorted(known, key=lambda step: (step.action.outcome is Outcome.SUCCEEDED, -step.action.at.timestamp()))
    for step in sorted(by_weight[:2], key=lambda step: step.action.at):
        yield _step(step, wording)


def _is_the_customers_success(step: Step) -> bool:
    return step.action.actor is Actor.CUSTOMER and step.action.outcome is Outcome.SUCCEEDED


def _step(step: Step, wording: Wording) -> Told:
    thing = f": {', '.join(step.subject)}" if step.subject else ""
    name = wording.frames.tried(humanised(step.name) + thing, step.outcomes)
    text = wording.frames.ended[step.action.outcome].format(step=name)
    return Told(text, step.action.evidence)


def _latest(case: Case, wording: Wording) -> Iterable[Told]:
    """What the customer told last, where it is not told as the reason or as what they want."""
    if case.latest is not None and case.latest not in (*case.reasons, case.expectation):
        tried = has_tried(case.latest)
        yield wording.quotation(case.latest, wording.phrases.tried if tried else wording.phrases.also)


def _before(case: Case, wording: Wording) -> Iterable[Told]:
    """What had brought the customer to us before this conversation."""
    if case.before is not None:
        row = case.before.interaction
        yield wording.quotation(
            case.before, wording.phrases.earlier, day=f"{row.occurred_at:%Y-%m-%d}", channel=row.channel.value
        )


def _turns(case: Case, wording: Wording) -> Iterable[Told]:
    """What the customer has taken back."""
    closed = [one.closed_by for one in case.wishes if one.state is WishState.WITHDRAWN]
    back = [one for one in closed if one and one.reading.acts[Act.WITHDRAWAL] >= SURE_OF_LABEL]
    for one in back[-1:]:
        yield wording.quotation(one, wording.phrases.withdrawn)


def _other_wishes(case: Case, wording: Wording) -> Iterable[Told]:
    """What is wanted besides what the customer came for, and open."""
    told = (*case.reasons, case.latest, case.before, case.expectation, case.person_wanted)
    others = [
        wish for wish in case.wishes if wish.said not in told and wish.state in UNSETTLED and MASK not in wish.said.text
    ]
    for one in others[-2:]:
        yield wording.quotation(one.said, wording.phrases.also)


def _refusals(case: Case, wording: Wording) -> Iterable[Told]:
    for one in case.refusals[-1:]:
        yield wording.quotation(one, wording.phrases.refused)


def _attempts(case: Case, wording: Wording) -> Iterable[Told]:
    """What the customer says they tried, where it does not stand in the reason already."""
    tried = [one for one in case.said if has_tried(one) and one not in (*case.reasons, case.latest)]
    for one in tried[-1:]:
        yield wording.quotation(one, wording.phrases.tried)


def _person(case: Case, wording: Wording) -> Iterable[Told]:
    wanted = case.person_wanted
    if wanted is not None and wanted is not case.reason:
        yield Told(wording.phrases.wants_person, (wanted.interaction.interaction_id,))


def _answer(case: Case, wording: Wording) -> Iterable[Told]:
    if case.answer is not None:
        yield wording.quotation(case.answer, wording.phrases.answered)


def _named(case: Case, found: Sequence[Entity], wording: Wording) -> Iterable[Told]:
    """What the customer named."""
    by_customer = {one.interaction_id for one in case.interactions if one.actor is Actor.CUSTOMER}
    named: dict[str, list[str]] = {}
    evidence: list[str] = []
    for one in found:
        if one.type in _UNTOLD or not by_customer.intersection(one.evidence):
            continue
        named.setdefault(label_of(one.type), []).append(one.value)
        evidence.extend(one.evidence[:2])
        if sum(map(len, named.values())) == MOST_NAMED:
            break
    if named:
        things = "; ".join(thing_of(label, *values) for label, values in named.items())
        yield Told(wording.phrases.named.format(things=things), tuple(dict.fromkeys(evidence)))


def thing_of(label: str, *values: str) -> str:
    """Values with what they are, `order W4410, W5512`; a label that only tells their form is left out."""
    form_only = label in ("code", "number", "amount", "reference", "id")
    return ", ".join(values) if form_only or not label else f"{label} {', '.join(values)}"
