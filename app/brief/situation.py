"""How the case stands, in sentences an agent can read in a breath, each with what backs it."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from app.brief.case import Case
from app.brief.reading import Utterance
from app.brief.steps import Step, humanised, label_of
from app.brief.wording import clause, sentence
from app.language.acts import Act
from app.language.human import asks_for_person
from app.language.sentences import shorten
from app.language.words import terms
from app.models import (
    Actor,
    Channel,
    Commitment,
    Entity,
    Evidence,
    Outcome,
)

SITUATION_WORDS = 78
MOST_NAMED = 5


class Told(NamedTuple):
    """A sentence of the brief with what backs it."""

    text: str
    evidence: Evidence


def contact_reason(case: Case) -> Told | None:
    """What the customer came for, in one sentence; else the step they could not finish; None when there is neither."""
    if case.reason is None:
        failed = [step for step in case.steps if step.action.outcome is not Outcome.SUCCEEDED]
        if not failed:
            return None
        step = failed[-1].action
        return Told(
            sentence(f"The customer could not finish “{step.step}” on the {step.channel.value} channel"), step.evidence
        )
    return Told(sentence(f"The customer {clause(case.reason, 26)}"), (case.reason.interaction.interaction_id,))


def situation(case: Case, found: Sequence[Entity], promised: Sequence[Commitment]) -> list[Told]:
    """One to four sentences, at most 78 words: what was named, wanted, done, promised or refused, and how it stands."""
    others = [*_before(case), *_other_wishes(case)]
    candidates = [
        *_reference(case, found, [told for told in (contact_reason(case), *others) if told]),
        *others,
        *_progress(case),
        *_last_word(case, promised),
        *_latest(case),
    ]
    kept: list[Told] = []
    room = SITUATION_WORDS
    for told in candidates:
        words = len(told.text.split())
        if words <= room and len(kept) < 4:
            kept.append(told)
            room -= words
    return kept


def _reference(case: Case, found: Sequence[Entity], stated: Sequence[Told]) -> Iterable[Told]:
    """What the customer named and the sentences around do not."""
    elsewhere = " ".join(one.text for one in stated).casefold()
    by_customer = {one.interaction_id for one in case.interactions if one.actor is Actor.CUSTOMER}
    told: dict[str, list[str]] = {}
    evidence: list[str] = []
    for one in found:
        known = one.value.casefold() in elsewhere or one.type in ("date", "error_code")
        if known or not by_customer.intersection(one.evidence):
            continue
        told.setdefault(_label(one.type), []).append(one.value)
        evidence.extend(one.evidence[:2])
        if sum(map(len, told.values())) == MOST_NAMED:
            break
    if told:
        listed = [_labelled(label, values) for label, values in told.items()]
        yield Told(sentence(f"They gave {_listed(listed)}"), tuple(dict.fromkeys(evidence)))


def _listed(parts: Sequence[str]) -> str:
    return ", ".join(parts[:-1]) + " and " + parts[-1] if len(parts) > 1 else "".join(parts)


def _labelled(label: str, values: Sequence[str]) -> str:
    plural = "s" if label and len(values) > 1 and not label.endswith("s") else ""
    return f"{label}{plural} {_listed(values)}".strip()


def _label(kind: str) -> str:
    return {"code": "reference", "email": "", "phone": "", "amount": "the amount"}.get(kind, label_of(kind))


def _other_wishes(case: Case) -> Iterable[Told]:
    others = _distinct([one for one in case.wishes if one is not case.reason and one is not case.before], case.reason)
    if others:
        told = " and ".join(clause(one, 16) for one in others[:2])
        yield Told(sentence(f"The customer also {told}"), tuple(one.interaction.interaction_id for one in others[:2]))


def _before(case: Case) -> Iterable[Told]:
    """What had brought the customer to us before this conversation."""
    one = case.before
    if one is not None:
        told = f"Before, on the {_medium(one.interaction.channel)} channel, the customer {clause(one, 18)}"
        yield Told(sentence(told), (one.interaction.interaction_id,))


def _medium(channel: Channel) -> str:
    return humanised(channel.value)


def _distinct(wishes: Sequence[Utterance], seen: Utterance | None) -> list[Utterance]:
    """The first two requests that say something new."""
    said = set(terms(seen.text)) if seen else set[str]()
    fresh: list[Utterance] = []
    for one in wishes:
        words = set(terms(one.text))
        if one.act is Act.REQUEST and not asks_for_person(one.text) and words and len(words - said) / len(words) >= 0.5:
            fresh.append(one)
            said |= words
    return fresh[:2]


def _progress(case: Case) -> Iterable[Told]:
    """The last two steps, those that went wrong before those that went well, told in the order they happened."""
    known = [step for step in case.steps if not step.told]
    by_weight = sorted(known, key=lambda step: (step.action.outcome is Outcome.SUCCEEDED, -step.action.at.timestamp()))
    for step in sorted(by_weight[:2], key=lambda step: step.action.at):
        yield Told(sentence(_progress_words(step)), step.action.evidence)


def _progress_words(step: Step) -> str:
    subject = f" for {' and '.join(step.subject)}" if step.subject else ""
    what = f"“{humanised(step.name)}”{subject}"
    times = f" {_times(step.attempts)}" if step.attempts > 1 else ""
    if step.action.outcome is Outcome.SUCCEEDED:
        at_last = f" at attempt {step.attempts}" if step.attempts > 1 else ""
        return f"{_who(step.action.actor)} completed {what}{at_last}"
    if step.action.outcome is Outcome.FAILED:
        return f"{what} failed{times}" + (f": {shorten(step.complaint, 14)}" if step.complaint else "")
    if step.action.outcome is Outcome.ABANDONED:
        return f"{what} was abandoned{times}"
    return f"{_who(step.action.actor)} started {what}, with no outcome on record"


def _who(actor: Actor) -> str:
    return f"The {actor.value}"


def _times(count: int) -> str:
    return "twice" if count == 2 else f"{count} times"


def _last_word(case: Case, promised: Sequence[Commitment]) -> Iterable[Told]:
    """What staff promised last, or else what they said cannot be done."""
    by_staff = [one for one in promised if one.by is not Actor.CUSTOMER]
    if by_staff:
        yield Told(sentence(f"{_who(by_staff[-1].by)} promised: “{by_staff[-1].text}”"), by_staff[-1].evidence)
    elif case.refusals:
        last = case.refusals[-1]
        said = f"{_who(last.interaction.actor)} answered: “{shorten(last.text, 24)}”"
        yield Told(sentence(said), (last.interaction.interaction_id,))


def _latest(case: Case) -> Iterable[Told]:
    if case.person_wanted is not None:
        yield Told("They now ask for a person.", (case.person_wanted.interaction.interaction_id,))
    elif case.farewell is not None:
        yield Told("They then closed the conversation.", (case.farewell.interaction.interaction_id,))
