"""The extractive engine: the brief made from the interactions, in sentences whose every part was found there.

It needs no model, invents nothing, and knows its evidence by construction.
"""

import math
import re
from collections.abc import Iterable, Sequence

from app.briefs.case import Case, read_case, without_secrets
from app.briefs.commitments import commitments, due_elsewhere
from app.briefs.entities import entities
from app.briefs.frames import ENGLISH
from app.briefs.instructions import without_instructions
from app.briefs.reading import Utterance, only_looks, refusal_of, utterances
from app.briefs.repetition import Telling
from app.briefs.resolution import resolution
from app.briefs.revisions import is_replaced
from app.briefs.situation import Told, contact_reason, meant, situation
from app.briefs.steps import Step, humanised
from app.briefs.union import united
from app.briefs.wording import clause, matter, past, quoted, sentence, spoken
from app.budget import Budget
from app.language.acts import Act, without_lead_in
from app.language.identifiers import canonical, mentions
from app.language.languages import FUNCTION_WORDS
from app.language.pings import is_ping
from app.language.promises import hands_on, promise_in, time_in
from app.language.sentences import shorten, without_dangling
from app.language.sentiment import feeling, mood
from app.language.words import terms
from app.models import (
    ActionTaken,
    Actor,
    Brief,
    Claim,
    Entity,
    HandoffReason,
    HandoffRequest,
    HistoryItem,
    Intent,
    Interaction,
    Kind,
    Outcome,
    Reason,
    ResolutionStatus,
    ScoredName,
    SectionRequest,
    Sentiment,
    Snapshot,
)

MOST_WORDS = 190
HEADLINE_CHARACTERS = 120
HISTORY_WORDS = 22
_TELLING_ACTS = (Act.PROBLEM, Act.REQUEST, Act.QUESTION, Act.ATTEMPT, Act.COMPLETION)
# `I'm ashamed to read this.`, `Good evening, Vasco, how nice!`
_LEAST_WEIGHT = 3
MOST_STEPS = 8
MOST_HISTORY = 3
# What an agent says aloud ends where a thought ends, not in the middle of the next one.
_JOINING = re.compile(r" (?:and|but|because|so|with|for|which|that|instead|then)(?= )")
_SHORTEST_OPENING = 40
_EMPTY_ACTS = (Act.GREETING, Act.CLOSING, Act.THANKS, Act.APOLOGY, Act.CONFIRMATION)
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

_DISPOSITION_OF_REASON = {
    HandoffReason.CUSTOMER_REQUEST: "escalated",
    HandoffReason.HIGH_FRICTION: "escalated",
    HandoffReason.POLICY_EXCEPTION: "exception_requested",
}


def compose(snapshot: Snapshot, intent: Intent, request: HandoffRequest, budget: Budget | None = None) -> Brief:
    """The extractive brief of a snapshot; pure, and empty where nothing was found.

    What there is no time for within the budget is left out, what an agent can best do without first.
    """
    time = budget or Budget(math.inf)
    case = time.within(lambda: read_case(snapshot), None)
    return Brief(intent=intent) if case is None else _composed(snapshot, intent, request, case, time)


def _composed(snapshot: Snapshot, intent: Intent, request: HandoffRequest, case: Case, budget: Budget) -> Brief:
    if not case.interactions:
        return Brief()
    status = resolution(case, request.reason)
    reason = contact_reason(case)
    promised = commitments(case.said)
    found = budget.within(lambda: _entities(case), ())
    story = budget.within(lambda: situation(case, found, promised), [])
    wanted = _expectation(case)
    stated = [one.text for one in (reason, wanted, *story) if one] + [one.text for one in promised]
    listed = tuple(step for step in case.steps if not step.told or step.done)[-MOST_STEPS:]
    past = budget.within(lambda: _history(snapshot, case, Telling(stated), listed), ())
    brief = Brief(
        headline=_headline(case, status),
        contact_reason=reason.text if reason else None,
        intent=intent,
        situation=" ".join(told.text for told in story) or None,
        actions_taken=tuple(map(_shown, listed)),
        resolution_status=status,
        customer_expectation=wanted.text if wanted else None,
        commitments=promised,
        open_questions=_open_questions(case),
        entities=found,
        history=past,
        sentiment=_sentiment(case),
        suggested_opening=_opening(case),
        suggested_disposition=_disposition(case, status, request.reason),
        custom_sections=budget.within(lambda: _custom_sections(case, request.sections), {}),
    )
    fitted = _fitted(brief)
    while _words(fitted) > MOST_WORDS and len(story) > 1:  # of what happened, what is told last matters least
        story = story[:-1]
        fitted = fitted.model_copy(update={"situation": " ".join(told.text for told in story)})
    headline = Told(fitted.headline, reason.evidence) if fitted.headline and reason else None
    return fitted.model_copy(update={"claims": _claims(fitted, [headline, reason, *story, wanted])})


def _entities(case: Case) -> tuple[Entity, ...]:
    """What the case names by number, code or name and has not been replaced since."""
    outdated = {canonical(one.written) for one in case.replaced}
    named = entities([without_instructions(one) for one in case.interactions], case.calls, case.at_hand)
    return united((), (one for one in named if canonical(one.value) not in outdated))


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


def _headline(case: Case, status: ResolutionStatus) -> str | None:
    told = contact_reason(case)
    if told is None:
        return None
    state = "asks for a person" if case.person_wanted is not None else _STATUS_WORDS.get(status)
    ending = f" – {state}" if state else ""
    start = told.text.removeprefix("The customer ").rstrip(".")
    start = start[:1].upper() + start[1:]
    room = HEADLINE_CHARACTERS - len(ending)
    while len(start) > room:
        start = without_dangling(start.rstrip(" …").rsplit(" ", 1)[0]) + " …"
    return start + ending


def _shown(step: Step) -> ActionTaken:
    return step.action.model_copy(update={"step": ENGLISH.tried(step.done or step.action.step, step.outcomes)})


def _expectation(case: Case) -> Told | None:
    wanted = case.expectation
    if wanted is None:
        return None
    if wanted is case.person_wanted:
        return Told("The customer wants to speak to a person.", (wanted.interaction.interaction_id,))
    return Told(sentence(f"The customer {clause(wanted, 22)}"), (wanted.interaction.interaction_id,))


def _open_questions(case: Case) -> tuple[str, ...]:
    """The customer's questions that got no answer or a no, and the question the customer left unanswered."""
    speakers = [one.interaction.actor for one in case.said]
    found: list[str] = []
    for place, one in enumerate(case.said):
        if one.interaction.actor is Actor.CUSTOMER and one.act is Act.QUESTION and not is_ping(one.text):
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
                found.append(sentence(shorten(without_lead_in(one.text), 20)))
    asked = case.said and case.said[-1].act is Act.QUESTION and speakers[-1] is not Actor.CUSTOMER
    if asked and not is_ping(case.said[-1].text):
        found.append(sentence(shorten(case.said[-1].text, 20)))
    return tuple(dict.fromkeys(found))[-2:]


def _history(snapshot: Snapshot, case: Case, told_above: Telling, listed: Sequence[Step]) -> tuple[HistoryItem, ...]:
    """What earlier conversations hold that bears on this one, each thing once; what was settled there does not.

    A step that went well there is told only where there is room beside what was said and what failed.
    """
    items: dict[str, HistoryItem] = {}
    went_well: dict[str, HistoryItem] = {}
    above = {*case.at_hand, *case.settled, *(one for step in listed for one in step.action.evidence)}
    shown = {one.interaction_id: one for one in without_secrets(snapshot.interactions)}
    for passage in snapshot.history:
        one = shown.get(passage.interaction.interaction_id, passage.interaction)
        known = one.interaction_id in above or is_replaced(one.text, one.seq, case.replaced)
        told = None if known else _past_words(one)
        if told and len(items) < MOST_HISTORY and not told_above.holds(told):
            item = HistoryItem(at=one.occurred_at, channel=one.channel, text=told, evidence=(one.interaction_id,))
            kind = went_well if one.name and one.outcome is Outcome.SUCCEEDED else items
            kind.setdefault(told.casefold(), item)
    chosen = [*items.values(), *went_well.values()][:MOST_HISTORY]
    return tuple(sorted(chosen, key=lambda item: item.at))


def _past_words(one: Interaction) -> str | None:
    """What an earlier interaction tells: a wish, a step, what was said; not courtesies, and not what staff asked."""
    if one.name and one.outcome:
        return _past_step(one.name, one)
    said = [each for each in utterances([one]) if each.act not in _EMPTY_ACTS]
    if one.actor is not Actor.CUSTOMER:
        said = [each for each in said if each.act is not Act.QUESTION]
    telling = max(said, key=_weight, default=None)
    if telling is None or _weight(telling) < _LEAST_WEIGHT:
        return None
    if one.actor is Actor.CUSTOMER:
        return sentence(f"The customer {past(clause(telling, HISTORY_WORDS))}")
    text = telling.text
    place = said.index(telling)
    if place and due_elsewhere(text):
        text = f"{said[place - 1].text} {text}"
    return sentence(ENGLISH.quotation(one.actor, quoted(text, HISTORY_WORDS)))


def _past_step(name: str, one: Interaction) -> str | None:
    """How an earlier step ended; a look at a record that went well says nothing of what stood there."""
    outcome = one.outcome or Outcome.UNKNOWN
    if one.kind is Kind.TOOL_RESULT and outcome is Outcome.SUCCEEDED:
        if only_looks(name):
            return None
        outcome = Outcome.FAILED if refusal_of(one) else outcome
    return ENGLISH.ended[outcome].format(step=humanised(name))


def _weight(said: Utterance) -> int:
    """How much a sentence of an earlier contact carries: a promise or a refusal most, then a trouble, then facts.

    A sentence that does none of this and names nothing is told only where it has a few words of its own.
    """
    promise = promise_in(said.text, english=said.english) is not None
    words = frozenset(matter(said)) - FUNCTION_WORDS
    figures = any(any(map(str.isdigit, one)) for one in words)
    facts = len(mentions(said.text)) or figures or time_in(said.text) is not None
    act = 8 if promise or said.act in (Act.PROMISE, Act.REFUSAL) else 4 if said.act in _TELLING_ACTS else 0
    if not promise and hands_on(said.text):
        act = 0  # `I'll hand you over` carries nothing beyond the talk
    return (act + 2 * min(facts, 2)) * (promise or len(words) > 1) + min(len(words), 8) // 2


def _sentiment(case: Case) -> Sentiment | None:
    written = [
        one.text for one in case.interactions if one.actor is Actor.CUSTOMER and one.kind is Kind.MESSAGE and one.text
    ]
    return mood([feeling(text) for text in written]) if written else None


def _opening(case: Case) -> str | None:
    if case.reason is None:
        return "Hello, how can I help you today?" if case.said else None
    announced, asked = case.reason, meant(case)
    said = spoken(announced, 20 if asked is None else 12) + (f", and that {spoken(asked, 14)}" if asked else "")
    said = _without_cut_clause(said.rstrip(".")).replace(" …", "")
    ended = re.sub(r"([^.?!…])”$", r"\1.”", said) if said.endswith("”") else f"{said}."
    return f"Hello, I can see that {ended} May I pick it up from there, so that you need not repeat anything?"


def _without_cut_clause(text: str) -> str:
    """A text that was cut off, without its last clause, which lost its end."""
    if not text.endswith(" …"):
        return text
    closed = text.rfind("”")
    clauses = [match for match in _JOINING.finditer(text) if match.start() >= _SHORTEST_OPENING]
    last = next((match for match in reversed(clauses) if match.end() <= len(text) - 3), None)
    return text[: last.start()] if last and last.end() >= closed else text


def _disposition(case: Case, status: ResolutionStatus, reason: Reason | None) -> ScoredName | None:
    """How the contact will probably be filed; why it was handed on, where the request says so, counts most."""
    if reason is not None and reason.code in _DISPOSITION_OF_REASON:
        return ScoredName(name=_DISPOSITION_OF_REASON[reason.code], confidence=0.8)
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
        ("commitments", 1),
        ("actions_taken", 2),
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
