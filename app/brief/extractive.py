"""The extractive engine: the brief made from the interactions, in sentences whose every part was found there.

It needs no model, invents nothing, and knows its evidence by construction.
"""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from app.brief.case import Case, read_case, resolution
from app.brief.entities import entities
from app.brief.reading import Utterance
from app.brief.steps import Step, humanised, label_of
from app.brief.wording import clause, sentence, spoken
from app.language.acts import Act, without_lead_in
from app.language.human import asks_for_person
from app.language.sentences import shorten
from app.language.sentiment import feeling, mood
from app.language.words import terms
from app.models import (
    ActionTaken,
    Actor,
    Brief,
    Channel,
    Claim,
    Commitment,
    Entity,
    Evidence,
    HandoffRequest,
    HistoryItem,
    Intent,
    Kind,
    Outcome,
    ResolutionStatus,
    ScoredName,
    SectionRequest,
    Sentiment,
    Snapshot,
)

MOST_WORDS = 190
SITUATION_WORDS = 78
HEADLINE_CHARACTERS = 120
MOST_STEPS = 8
MOST_HISTORY = 3
MOST_NAMED = 5
_DUE = re.compile(
    r"\b(?:(?:with)?in (?:the next )?(?:\d+|one|two|three|a few|an?)(?:\s?(?:-|–|to)\s?\d+)? (?:business |working "
    r")?(?:minutes?|hours?|days?|weeks?|months?)|"
    r"by (?:the end of )?(?:today|tomorrow|tonight|noon|(?:next |this )?(?:mon|tues|wednes|thurs|fri|satur|sun)day"
    r"|(?:next|this) (?:week|month)|\d[\w:. ]{0,12}|[A-Z][a-z]+ \d{1,2})|"
    r"(?:today|tomorrow|tonight|next week|on (?:mon|tues|wednes|thurs|fri|satur|sun)day))\b",
    re.IGNORECASE,
)
_LASTING = re.compile(
    r"\b(?:refund|send|sent|call(?:ed)? (?:you )?back|callback|e-?mail|credit|ship|replace|escalate|follow up|get "
    r"back|contact|waive|receive|arrive|deliver|"
    r"reimburse|compensat|reply|notify|technician|let you know|reach out)",
    re.IGNORECASE,
)
_NOT_LASTING = re.compile(
    r"\b(?:i'll need|i will need|i’ll need|need to know|once you|if you|would you|please|let me know|feel free"
    r"|for the payment)\b",
    re.IGNORECASE,
)
_STATUS_WORDS = {
    ResolutionStatus.RESOLVED: "resolved",
    ResolutionStatus.PARTIAL: "partly done",
    ResolutionStatus.UNRESOLVED: "not resolved",
}
_DISPOSITION = {
    ResolutionStatus.RESOLVED: ("resolved", 0.8),
    ResolutionStatus.PARTIAL: ("follow_up_required", 0.7),
    ResolutionStatus.UNRESOLVED: ("follow_up_required", 0.6),
}


class Told(NamedTuple):
    """A sentence of the brief with what backs it."""

    text: str
    evidence: Evidence


def compose(snapshot: Snapshot, intent: Intent, request: HandoffRequest) -> Brief:
    """The extractive brief of a snapshot; pure, and empty where nothing was found."""
    case = read_case(snapshot)
    if not case.interactions:
        return Brief()
    found = entities(case.interactions, case.calls, case.at_hand)
    status = resolution(case)
    reason = _contact_reason(case)
    promised = _commitments(case)
    story = _situation(case, found, promised)
    past = _history(snapshot, case)
    wanted = _expectation(case)
    brief = Brief(
        headline=_headline(case, status),
        contact_reason=reason.text if reason else None,
        intent=intent,
        situation=" ".join(told.text for told in story) or None,
        actions_taken=tuple(_shown(step) for step in case.steps[-MOST_STEPS:]),
        resolution_status=status,
        customer_expectation=wanted.text if wanted else None,
        commitments=promised,
        open_questions=_open_questions(case),
        entities=found,
        history=past,
        sentiment=_sentiment(case),
        suggested_opening=_opening(case),
        suggested_disposition=_disposition(case, status),
        custom_sections=_custom_sections(case, request.sections),
    )
    fitted = _fitted(brief)
    headline = Told(fitted.headline, reason.evidence) if fitted.headline and reason else None
    return fitted.model_copy(update={"claims": _claims(fitted, [headline, reason, *story, wanted])})


def prose(brief: Brief) -> list[str]:
    """Every piece of running text of a brief, claims aside."""
    pieces = [
        brief.headline,
        brief.contact_reason,
        brief.situation,
        *(one.step for one in brief.actions_taken),
        brief.customer_expectation,
        *(f"{one.text} {one.due or ''}" for one in brief.commitments),
        *brief.open_questions,
        *(one.text for one in brief.history),
        brief.suggested_opening,
        *brief.custom_sections.values(),
    ]
    return [piece for piece in pieces if piece]


def _contact_reason(case: Case) -> Told | None:
    if case.reason is None:
        failed = [step for step in case.steps if step.action.outcome is not Outcome.SUCCEEDED]
        if not failed:
            return None
        step = failed[-1].action
        return Told(
            sentence(f"The customer could not finish “{step.step}” on the {step.channel.value} channel"), step.evidence
        )
    return Told(sentence(f"The customer {clause(case.reason, 26)}"), (case.reason.interaction.interaction_id,))


def _headline(case: Case, status: ResolutionStatus) -> str | None:
    told = _contact_reason(case)
    if told is None:
        return None
    state = "asks for a person" if case.person_wanted is not None else _STATUS_WORDS.get(status)
    ending = f" – {state}" if state else ""
    start = told.text.removeprefix("The customer ").rstrip(".")
    start = start[:1].upper() + start[1:]
    room = HEADLINE_CHARACTERS - len(ending)
    while len(start) > room:
        start = start.rstrip(" …").rsplit(" ", 1)[0].rstrip(",;:") + " …"
    return start + ending


def _situation(case: Case, found: Sequence[Entity], promised: Sequence[Commitment]) -> list[Told]:
    others = [*_before(case), *_other_wishes(case)]
    candidates = [
        *_reference(case, found, [told for told in (_contact_reason(case), *others) if told]),
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


def _shown(step: Step) -> ActionTaken:
    if step.attempts == 1:
        return step.action
    return step.action.model_copy(update={"step": f"{step.action.step} ({step.attempts} attempts)"})


def _expectation(case: Case) -> Told | None:
    wanted = case.expectation
    if wanted is None:
        return None
    return Told(sentence(f"The customer {clause(wanted, 22)}"), (wanted.interaction.interaction_id,))


def _commitments(case: Case) -> tuple[Commitment, ...]:
    found: dict[str, Commitment] = {}
    for one in case.said:
        if one.act is not Act.PROMISE or _NOT_LASTING.search(one.text):
            continue
        due = _DUE.search(one.text)
        if due or _LASTING.search(one.text):
            text = shorten(without_lead_in(one.text), 20)
            found[text.casefold()] = Commitment(
                by=one.interaction.actor,
                text=text,
                due=due.group() if due else None,
                evidence=(one.interaction.interaction_id,),
            )
    return tuple(found.values())[-3:]


def _open_questions(case: Case) -> tuple[str, ...]:
    """The customer's questions that got no answer or a no, and the question the customer left unanswered."""
    speakers = [one.interaction.actor for one in case.said]
    found: list[str] = []
    for place, one in enumerate(case.said):
        if one.interaction.actor is Actor.CUSTOMER and one.act is Act.QUESTION:
            later = [
                said
                for said, who in zip(case.said[place + 1 :], speakers[place + 1 :], strict=True)
                if who is not Actor.CUSTOMER
            ]
            answer = [
                said
                for said in later
                if later and said.interaction.interaction_id == later[0].interaction.interaction_id
            ]
            if not answer or any(said.act is Act.REFUSAL for said in answer):
                found.append(shorten(without_lead_in(one.text), 20))
    if case.said and case.said[-1].act is Act.QUESTION and speakers[-1] is not Actor.CUSTOMER:
        found.append(shorten(case.said[-1].text, 20))
    return tuple(dict.fromkeys(found))[-2:]


def _history(snapshot: Snapshot, case: Case) -> tuple[HistoryItem, ...]:
    read = {one.interaction_id for one in case.interactions if one in snapshot.conversation}
    items: list[HistoryItem] = []
    for passage in snapshot.history:
        one = passage.interaction
        told = _past_words(one.text, one.name, one.outcome)
        if one.interaction_id not in read and told:
            items.append(
                HistoryItem(at=one.occurred_at, channel=one.channel, text=told, evidence=(one.interaction_id,))
            )
    return tuple(sorted(items[:MOST_HISTORY], key=lambda item: item.at))


def _past_words(text: str, name: str | None, outcome: Outcome | None) -> str:
    if text and not text.lstrip().startswith(("{", "[")):
        return shorten(text, 16)
    if name and outcome:
        return f"{humanised(name)} {outcome.value}"
    return ""


def _sentiment(case: Case) -> Sentiment | None:
    written = [
        one.text for one in case.interactions if one.actor is Actor.CUSTOMER and one.kind is Kind.MESSAGE and one.text
    ]
    return mood([feeling(text) for text in written]) if written else None


def _opening(case: Case) -> str | None:
    if case.reason is None:
        return "Hello, how can I help you today?" if case.said else None
    told = spoken(clause(case.reason, 18)).rstrip(".")
    return f"Hello, I can see that {told}. May I pick it up from there, so that you need not repeat anything?"


def _disposition(case: Case, status: ResolutionStatus) -> ScoredName | None:
    if case.person_wanted is not None and status is not ResolutionStatus.RESOLVED:
        return ScoredName(name="escalated", confidence=0.8)
    if status not in _DISPOSITION:
        return None
    name, confidence = _DISPOSITION[status]
    return ScoredName(name=name, confidence=confidence)


def _custom_sections(case: Case, sections: Sequence[SectionRequest]) -> dict[str, str]:
    """For each section, the sentence that shares most words with its instruction; none when nothing does."""
    written: dict[str, str] = {}
    for section in sections:
        asked = set(terms(f"{section.name} {section.instruction}"))
        ranked = sorted(case.said, key=lambda one: len(asked.intersection(terms(one.text))), reverse=True)
        if ranked and asked.intersection(terms(ranked[0].text)):
            written[section.name] = f"{ranked[0].interaction.actor.value.capitalize()}: “{shorten(ranked[0].text, 25)}”"
    return written


def _fitted(brief: Brief) -> Brief:
    """The brief within its words: what an agent can best do without goes first."""
    for field, least in (
        ("history", 1),
        ("open_questions", 1),
        ("commitments", 2),
        ("actions_taken", 5),
        ("open_questions", 0),
        ("actions_taken", 3),
        ("history", 0),
    ):
        while _words(brief) > MOST_WORDS and len(getattr(brief, field)) > least:
            brief = brief.model_copy(update={field: getattr(brief, field)[1:]})
    return brief


def _words(brief: Brief) -> int:
    return sum(len(piece.split()) for piece in prose(brief))


def _claims(brief: Brief, sentences_told: Iterable[Told | None]) -> tuple[Claim, ...]:
    told = [*sentences_told, *(Told(one.text, one.evidence) for one in (*brief.commitments, *brief.history))]
    found = [Claim(text=one.text, evidence=one.evidence, support=1.0) for one in told if one and _declares(one.text)]
    return tuple({claim.text: claim for claim in found}.values())


def _declares(text: str) -> bool:
    """Whether a text states something: questions, greetings and names of steps are no claims."""
    return not text.rstrip("”").endswith("?") and len(text.split()) > 2
