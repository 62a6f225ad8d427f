"""How the case stands, in sentences an agent can read in a breath, each with what backs it."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from app.briefs.case import Case
from app.briefs.reading import Utterance
from app.briefs.steps import Step, humanised, label_of
from app.briefs.wording import (
    background,
    clause,
    introduced,
    is_vague,
    joined,
    matter,
    on_channel,
    past,
    plural,
    quoted,
    sentence,
)
from app.language.acts import Act
from app.language.human import asks_for_person
from app.language.sentences import shorten
from app.models import (
    Actor,
    Commitment,
    Entity,
    Evidence,
    Outcome,
)

SITUATION_WORDS = 78
MOST_SENTENCES = 4
MOST_NAMED = 5
MOST_WISHES = 2
_ORDINALS = {2: "second", 3: "third", 4: "fourth", 5: "fifth"}


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
        return Told(sentence(f"The customer could not finish “{step.step}” {on_channel(step.channel)}"), step.evidence)
    told = reason_clause(case, 26)
    return Told(sentence(f"The customer {told.text}"), told.evidence) if told else None


def reason_clause(case: Case, words: int) -> Told | None:
    """What the customer came for, as a clause; where they only announced it, with the first thing they then asked."""
    if case.reason is None:
        return None
    announced, said = case.reason, meant(case)
    evidence = tuple(dict.fromkeys(one.interaction.interaction_id for one in (announced, said) if one))
    if said is None:
        told, why = clause(announced, words), background(announced)
        room = words - len(told.split())
        because = f": {quoted(why, room)}" if why and room > 4 and "“" not in told else ""
        return Told(told + because, evidence)
    return Told(f"{clause(announced, words // 2)}: they {plural(clause(said, words - words // 3))}", evidence)


def situation(case: Case, found: Sequence[Entity], promised: Sequence[Commitment]) -> list[Told]:
    """One to four sentences, at most 78 words: what was named, wanted, done, promised or refused, and how it stands."""
    before, others = list(_before(case)), list(_other_wishes(case, "The customer"))
    given = list(_reference(case, found, [told for told in (contact_reason(case), *before, *others) if told]))
    candidates = [
        *given,
        *before,
        *(_other_wishes(case, "They") if given or before else others),
        *_progress(case),
        *_last_word(case, promised),
        *_latest(case),
    ]
    kept: list[Told] = []
    room = SITUATION_WORDS
    for told in candidates:
        words = len(told.text.split()) + 1
        if words <= room and len(kept) < MOST_SENTENCES:
            text = told.text if any("customer" in one.text for one in kept) else introduced(told.text)
            kept.append(told._replace(text=text))
            room -= words
    return kept


def meant(case: Case) -> Utterance | None:
    """What a customer who only announced changes or questions asked for then."""
    if case.reason is None or not is_vague(case.reason):
        return None
    here = [one for one in case.wishes if one is not case.reason and one is not case.before]
    return next(iter(_distinct(here, case.reason)), None)


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
    several = "s" if label and len(values) > 1 and not label.endswith("s") else ""
    return f"{label}{several} {_listed(values)}".strip()


def _label(kind: str) -> str:
    named = {"code": "reference", "number": "the number", "email": "", "phone": "", "amount": "the amount"}
    return named.get(kind, label_of(kind))


def _other_wishes(case: Case, subject: str) -> Iterable[Told]:
    told = (case.reason, case.before, meant(case))
    others = _distinct([one for one in case.wishes if one not in told], *(one for one in told if one))
    if others:
        in_words = [one for one in others if "“" not in clause(one, 16)] or others[:1]
        text = joined([clause(one, 16) for one in in_words], subject)
        yield Told(sentence(text), tuple(one.interaction.interaction_id for one in in_words))


def _before(case: Case) -> Iterable[Told]:
    """What had brought the customer to us before this conversation."""
    one = case.before
    if one is not None:
        told = f"Earlier, {on_channel(one.interaction.channel)}, the customer {past(clause(one, 18))}"
        yield Told(sentence(told), (one.interaction.interaction_id,))


def _distinct(wishes: Sequence[Utterance], *seen: Utterance) -> list[Utterance]:
    """The first two requests that say something new of what is wanted."""
    said = set[str]().union(*(matter(one) for one in seen))
    fresh: list[Utterance] = []
    for one in wishes:
        words = matter(one)
        if one.act is not Act.REQUEST or not words or len(words - said) / len(words) < 0.5:
            continue
        if not asks_for_person(one.text) and len(clause(one, 16).split()) >= 4:
            fresh.append(one)
            said |= words
            if len(fresh) == MOST_WISHES:
                break
    return fresh


def _progress(case: Case) -> Iterable[Told]:
    """The last two steps, those that went wrong before those that went well, told in the order they happened."""
    known = [step for step in case.steps if not step.told]
    by_weight = sorted(known, key=lambda step: (step.action.outcome is Outcome.SUCCEEDED, -step.action.at.timestamp()))
    chosen = sorted(by_weight[:2], key=lambda step: step.action.at)
    if len(chosen) == 2 and (both := _at_once(*chosen)):
        evidence = tuple(dict.fromkeys((*chosen[0].action.evidence, *chosen[1].action.evidence)))
        yield Told(sentence(f"{_who(chosen[0].action.actor)} completed {both}"), evidence)
    else:
        for step in chosen:
            yield Told(sentence(_progress_words(step) + _where(step, case)), step.action.evidence)
    told = [step.action for step in case.steps if step.told]
    for action in [one for one in told if one.actor is Actor.CUSTOMER][-1:]:
        yield Told(sentence(f"They say {action.step.removeprefix('customer says ')}"), action.evidence)
    for action in [one for one in told if one.actor is not Actor.CUSTOMER][-1:]:
        yield Told(sentence(f"{_who(action.actor)} said: {action.step.partition(' says ')[2]}"), action.evidence)


def _at_once(one: Step, other: Step) -> str | None:
    """Two steps of somebody that went well at once, told together where they are alike in name or in what they did."""
    done = all(step.action.outcome is Outcome.SUCCEEDED and step.attempts == 1 for step in (one, other))
    if not done or one.action.actor is not other.action.actor:
        return None
    if one.subject == other.subject:
        return f"“{humanised(one.name)}” and “{humanised(other.name)}”{_for(one)}"
    subjects = (*one.subject, *other.subject)
    return f"“{humanised(one.name)}” for {' and '.join(subjects)}" if one.name == other.name else None


def _progress_words(step: Step) -> str:
    what = f"“{humanised(step.name)}”{_for(step)}"
    times = f" {_times(step.attempts)}" if step.attempts > 1 else ""
    if step.action.outcome is Outcome.SUCCEEDED:
        return f"{_who(step.action.actor)} completed {what}{_at_last(step.attempts)}"
    if step.action.outcome is Outcome.FAILED:
        return f"{what} failed{times}" + (f": {shorten(step.complaint, 14)}" if step.complaint else "")
    if step.action.outcome is Outcome.ABANDONED:
        return f"{what} was abandoned{times}"
    return f"{_who(step.action.actor)} started {what}, with no outcome on record"


def _for(step: Step) -> str:
    return f" for {' and '.join(step.subject)}" if step.subject else ""


def _where(step: Step, case: Case) -> str:
    """Where a step was taken that was taken elsewhere than the talk is now, unless a reason follows it already."""
    elsewhere = case.interactions[-1].channel is not step.action.channel and not step.complaint
    return f" {on_channel(step.action.channel)}" if elsewhere else ""


def _who(actor: Actor) -> str:
    return f"The {actor.value}"


def _at_last(attempts: int) -> str:
    if attempts == 1:
        return ""
    return f" at the {_ORDINALS[attempts]} attempt" if attempts in _ORDINALS else f" after {attempts} attempts"


def _times(count: int) -> str:
    return "twice" if count == 2 else f"{count} times"


def _last_word(case: Case, promised: Sequence[Commitment]) -> Iterable[Told]:
    """What staff promised last, or else what they said cannot be done."""
    by_staff = [one for one in promised if one.by is not Actor.CUSTOMER]
    if by_staff:
        yield Told(
            sentence(f"{_who(by_staff[-1].by)} promised: {quoted(by_staff[-1].text, 20)}"), by_staff[-1].evidence
        )
    elif case.refusals:
        last = case.refusals[-1]
        said = f"{_who(last.interaction.actor)} answered: {quoted(last.text, 24)}"
        yield Told(sentence(said), (last.interaction.interaction_id,))
    elif case.answer is not None:
        said = f"{_who(case.answer.interaction.actor)} answered: {quoted(case.answer.text, 24)}"
        yield Told(sentence(said), (case.answer.interaction.interaction_id,))


def _latest(case: Case) -> Iterable[Told]:
    if case.person_wanted is not None:
        yield Told("They now ask for a person.", (case.person_wanted.interaction.interaction_id,))
    elif case.farewell is not None:
        yield Told("They then ended the conversation.", (case.farewell.interaction.interaction_id,))
    elif case.complaint is not None:
        told = f"They now {plural(clause(case.complaint, 18))}"
        yield Told(sentence(told), (case.complaint.interaction.interaction_id,))
