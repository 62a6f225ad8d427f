"""The brief without a model: facts of the ledger in fixed sentences of ours, and what was said as quotations in full.

No sentence of a customer's is re-worded, none is cut inside a clause, and none is put into the agent's mouth. What to
quote is decided by classifiers that were fitted to labelled conversations (`app.nlu`).
"""

import math
from collections.abc import Iterable, Mapping, Sequence

from app.briefs.bookings import booking_in
from app.briefs.case import Case
from app.briefs.case_reader import own_utterances, read_case
from app.briefs.commitments import commitments, due_elsewhere, is_promise
from app.briefs.due import with_day
from app.briefs.entities import entities
from app.briefs.headline import headline_of, last_failed, main_thing
from app.briefs.linked_conversations import settled_elsewhere, without_secrets
from app.briefs.llm.entities import united
from app.briefs.llm.instructions import without_instructions
from app.briefs.mood import mood_of
from app.briefs.phrases import language_of_locale
from app.briefs.quoting import quoted, quotes_in
from app.briefs.reading import Utterance, only_looks, refusal_of
from app.briefs.relapses import may_be_back
from app.briefs.repetition import Coverage
from app.briefs.resolution import resolution
from app.briefs.situation import BriefSentence, Findings, Wording, broken_promises, contact_reason, situation
from app.briefs.steps import AttemptedStep, humanised
from app.briefs.superseded_values import is_replaced
from app.budget import Budget
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
    Quote,
    Reason,
    ResolutionStatus,
    ScoredName,
    SectionRequest,
    Sentiment,
    Snapshot,
)
from app.nlu import Act
from app.nlu.identifiers import canonical, mentions
from app.nlu.presence_checks import is_ping
from app.nlu.promises import hands_on, time_in
from app.nlu.words import terms

MOST_WORDS = 160
LEAST_SITUATION = 45
"""So many of the words are left for what happened."""
_LOST_LAST: Sequence[Mapping[str, object]] = (
    {"customer_expectation": None},
    {"commitments": ()},
    {"actions_taken": ()},
)
HISTORY_WORDS = 22
QUESTION_WORDS = 24
MOST_QUESTIONS = 2
MOST_STEPS = 8
MOST_TOLD = 3
MOST_HISTORY = 3
MOST_PAST_SENTENCES = 2
_SURE = 0.5
_ANSWERING = (Act.ANSWER, Act.REPORT, Act.PROMISE, Act.OFFER)
_SURE_OF_QUESTION = 0.7
_CARE = 0.7
_LEAST_WEIGHT = 3.5
_EMPTY_ACTS = (Act.GREETING, Act.FAREWELL, Act.THANKS, Act.OTHER)
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


def compose(
    snapshot: Snapshot,
    intent: Intent,
    request: HandoffRequest,
    budget: Budget | None = None,
    *,
    case: Case | None = None,
) -> Brief:
    """The extractive brief of a snapshot; pure, and empty where nothing was found. `case` is its case, if it was read.

    What there is no time for within the budget is left out. The situation is told last, since it fills the words that
    the rest leaves.
    """
    time = budget or Budget(math.inf)
    case = case or time.within(lambda: read_case(snapshot), None)
    return Brief(intent=intent) if case is None else _composed(snapshot, intent, request, case, time)


def _composed(snapshot: Snapshot, intent: Intent, request: HandoffRequest, case: Case, budget: Budget) -> Brief:
    if not case.interactions:
        return Brief()
    wording = Wording.of(language_of_locale(request.locale))
    status = (
        ResolutionStatus.RESOLVED
        if snapshot.is_resolved
        else resolution(case, request.reason, was_resolved=snapshot.was_resolved)
    )
    reason = contact_reason(case, wording)
    called_off = (revocation.ours for revocation in case.revoked if not revocation.only_declined)
    revoked = {*map(id, called_off), *map(id, case.replies.declined)}
    promised = budget.within(lambda: commitments(case.utterances, case.steps, revoked), ())
    broken = budget.within(lambda: broken_promises(case, promised, snapshot.now), ())
    findings = Findings(case, status, budget.within(lambda: _entities(case), ()), promised, broken, wording)
    headline = headline_of(findings, intent)
    wanted = _expectation(case, wording)
    stated = [sentence.text for sentence in (reason, wanted) if sentence] + [commitment.text for commitment in promised]
    listed = _listed(case)
    past = budget.within(lambda: _history(snapshot, case, Coverage(stated), listed, wording), ())
    brief = Brief(
        headline=headline.text if headline else None,
        contact_reason=reason.text if reason else None,
        intent=intent,
        actions_taken=tuple(_shown(step, wording) for step in listed),
        resolution_status=status,
        customer_expectation=wanted.text if wanted else None,
        commitments=tuple(with_day(promise, snapshot.now) for promise in promised),
        open_questions=budget.within(lambda: _open_questions(case), ()),
        entities=findings.entities,
        history=past,
        sentiment=_sentiment(case),
        suggested_opening=_opening(findings),
        suggested_disposition=_disposition(case, status, request.reason),
        custom_sections=budget.within(lambda: _custom_sections(case, request.sections), {}),
    )
    brief = _fitted(brief, MOST_WORDS - LEAST_SITUATION)
    for lost in _LOST_LAST:
        if _words(brief) > MOST_WORDS:  # long sentences that cannot be shortened
            brief = brief.model_copy(update=lost)
    story = budget.within(lambda: situation(findings, MOST_WORDS - _words(brief)), [])
    coverage = Coverage([sentence.text for sentence in story])
    brief = brief.model_copy(
        update={
            "situation": " ".join(sentence.text for sentence in story) or None,
            "history": tuple(history_item for history_item in brief.history if not coverage.holds(history_item.text)),
        }
    )
    return brief.model_copy(
        update={
            "claims": _claims(brief, [headline, reason, *story, wanted if brief.customer_expectation else None], case)
        }
    )


def _entities(case: Case) -> tuple[Entity, ...]:
    """What the case names by number, code or name and has not been replaced since."""
    outdated = {canonical(revision.written) for revision in case.replaced}
    named = entities([without_instructions(interaction) for interaction in case.interactions], case.calls, case.at_hand)
    return united((), (entity for entity in named if canonical(entity.value) not in outdated))


def prose(brief: Brief) -> list[str]:
    """Every piece of running text of a brief, claims aside."""
    pieces = [
        brief.headline,
        brief.contact_reason,
        brief.situation,
        *(action.step for action in brief.actions_taken),
        brief.customer_expectation,
        *(f"{commitment.text} {commitment.due or ''}" for commitment in brief.commitments),
        *brief.open_questions,
        *(history_item.text for history_item in brief.history),
        brief.suggested_opening,
        *brief.custom_sections.values(),
    ]
    return [piece for piece in pieces if piece]


def _listed(case: Case) -> tuple[AttemptedStep, ...]:
    """The last steps on record, checks of what is so among them, and the last few that somebody only told of."""
    carried_out = [step for step in case.steps if not step.reported]
    recorded = sorted((*carried_out, *case.checks), key=lambda step: step.action.at)
    wanted = {expectation.text for expectation in case.expectations}
    reported = [
        step
        for step in case.steps
        if step.reported and not (step.action.outcome is Outcome.UNKNOWN and step.name in wanted)
    ]
    room = MOST_STEPS - min(MOST_TOLD, len(reported))
    steps = [*recorded[-room:], *reported[-min(MOST_TOLD, MOST_STEPS - len(recorded[-room:])) :]]
    return tuple(sorted(steps, key=lambda step: step.action.at))


def _shown(step: AttemptedStep, wording: Wording) -> ActionTaken:
    words = wording.frames.tried(step.action.step, step.outcomes)
    words = wording.phrases.withdrawn.format(quote=words) if step.taken_back else words
    return step.action.model_copy(update={"step": words})


def _expectation(case: Case, wording: Wording) -> BriefSentence | None:
    wanted = case.expectations
    if case.replies.agreed is not None:
        return wording.reply(case.replies.agreed, case)
    if not wanted:
        return None
    if case.only_asks_for_person:
        return BriefSentence(wording.phrases.wants_person, (wanted[0].interaction.interaction_id,))
    return wording.quoting(wanted, case)


def _open_questions(case: Case) -> tuple[str, ...]:
    """The customer's questions that got no answer or a no, and the question the customer left unanswered."""
    questions: list[str] = []
    is_answered = False
    for utterance in reversed(case.utterances):
        if not utterance.by_customer:
            reply = case.utterances_by_interaction[utterance.interaction.interaction_id]
            informs = any(sentence.act in _ANSWERING and sentence.reading.boilerplate < _SURE for sentence in reply)
            is_answered = informs and not any(sentence.act is Act.REFUSAL for sentence in reply)
        elif not is_answered and _is_question(utterance) and not is_ping(utterance.text):
            owner = case.people.owner(utterance)
            question = quoted(utterance.shown, QUESTION_WORDS)
            questions.append(f"{owner}: {question}" if owner else question)
            if len(questions) == MOST_QUESTIONS:
                break
    questions.reverse()
    last = case.utterances[-1] if case.utterances else None
    if last and last.act is Act.QUESTION and not last.by_customer and last.reading.boilerplate < _SURE:
        questions.append(quoted(last.shown, QUESTION_WORDS))
    return tuple(dict.fromkeys(questions))[-MOST_QUESTIONS:]


def _is_question(utterance: Utterance) -> bool:
    return utterance.reading.acts[Act.QUESTION] >= _SURE_OF_QUESTION and utterance.reading.human < _SURE


def _history(
    snapshot: Snapshot, case: Case, told_above: Coverage, listed: Sequence[AttemptedStep], wording: Wording
) -> tuple[HistoryItem, ...]:
    """What earlier conversations hold that bears on this one, each thing once; what was settled there does not.

    A step that went well there is told only where there is room beside what was said and what failed.
    """
    back = may_be_back(case, snapshot)
    items: dict[str, HistoryItem] = {}
    went_well: dict[str, HistoryItem] = {}
    above = {
        *case.at_hand,
        *(settled_elsewhere(case.earlier, case.interactions, snapshot.resolved) - back),
        *(interaction_id for step in listed for interaction_id in step.action.evidence),
    }
    shown = {row.interaction_id: row for row in without_secrets(snapshot.interactions)}
    for passage in snapshot.history:
        interaction = shown.get(passage.interaction.interaction_id, passage.interaction)
        is_stale = interaction.interaction_id in above or is_replaced(interaction.text, interaction.seq, case.replaced)
        words = None
        if not is_stale and interaction.interaction_id in back:
            words = _past_repair(interaction, wording) or _past_words(interaction, wording)
        elif not is_stale:
            words = _past_words(interaction, wording)
        if words and len(items) < MOST_HISTORY and not told_above.holds(words):
            item = HistoryItem(
                at=interaction.occurred_at,
                channel=interaction.channel,
                text=words,
                evidence=(interaction.interaction_id,),
            )
            kind = went_well if interaction.name and interaction.outcome is Outcome.SUCCEEDED else items
            kind.setdefault(words.casefold(), item)
    chosen = [*items.values(), *went_well.values()][:MOST_HISTORY]
    return tuple(sorted(chosen, key=lambda item: item.at))


def _past_words(interaction: Interaction, wording: Wording) -> str | None:
    """What an earlier interaction tells: a wish, a step, what was said; not courtesies, and not what staff asked."""
    if interaction.name and interaction.outcome:
        return _past_step(interaction.name, interaction, wording)
    utterances = [
        each
        for each in own_utterances([interaction])
        if each.act not in _EMPTY_ACTS and each.reading.boilerplate < _SURE
    ]
    if interaction.actor is not Actor.CUSTOMER:
        utterances = [each for each in utterances if each.act is not Act.QUESTION]
    telling = max(utterances, key=_weight, default=None)
    if telling is None or _weight(telling) < _LEAST_WEIGHT:
        return None
    words = quoted(telling.shown, HISTORY_WORDS)
    index = utterances.index(telling)
    if index and due_elsewhere(telling.text):
        words = f"{quoted(utterances[index - 1].shown, HISTORY_WORDS)} {words}"
    return wording.frames.quotation(interaction.actor, words)


def _past_repair(interaction: Interaction, wording: Wording) -> str | None:
    """What one message of our side told most of, where its trouble may be back: what was done, and what holds then."""
    if interaction.kind is not Kind.MESSAGE or interaction.actor is Actor.CUSTOMER:
        return None
    ours = [each for each in own_utterances([interaction]) if each.reading.boilerplate < _SURE]
    telling = sorted((each for each in ours if _weight(each) >= _LEAST_WEIGHT), key=_weight)[-MOST_PAST_SENTENCES:]
    if not telling:
        return None
    words = " ".join(quoted(each.shown, HISTORY_WORDS) for each in ours if each in telling)
    return wording.frames.quotation(interaction.actor, words)


def _past_step(name: str, interaction: Interaction, wording: Wording) -> str | None:
    """How an earlier step ended; a look at a record that went well says nothing of what stood there."""
    outcome = interaction.outcome or Outcome.UNKNOWN
    if interaction.kind is Kind.TOOL_RESULT and outcome is Outcome.SUCCEEDED:
        if only_looks(name):
            return None
        outcome = Outcome.FAILED if refusal_of(interaction) else outcome
    booking = booking_in(interaction) if outcome is Outcome.SUCCEEDED else None
    words = f"{humanised(name)}, {booking.words}" if booking else humanised(name)
    return wording.frames.ended[outcome].format(step=words)


def _weight(utterance: Utterance) -> float:
    """How much a sentence of an earlier contact carries: a promise or a refusal most, then a matter, then facts."""
    if hands_on(utterance.text) and not utterance.by_customer:
        return 0.0  # `I'll hand you over` carries nothing beyond the talk
    facts = len(mentions(utterance.text)) + (time_in(utterance.text) is not None)
    act = (
        8.0
        if is_promise(utterance) or utterance.act is Act.REFUSAL
        else 6 * utterance.reading.key + 4 * utterance.reading.done
    )
    return act + 2 * min(facts, 2) + min(len(utterance.terms), 8) / 4


def _sentiment(case: Case) -> Sentiment | None:
    utterances = [utterance for utterance in case.utterances if utterance.by_customer and not utterance.pasted]
    return mood_of(utterances) if any(utterance.act is not Act.GREETING for utterance in utterances) else None


def _opening(findings: Findings) -> str:
    """The agent's first sentence; of several people on the customer's side it addresses the one who spoke last."""
    opening, name = _first_sentence(findings), findings.case.people.last
    greeting, comma, rest = opening.partition(", ")
    return f"{greeting} {name}{comma}{rest}" if name and comma else opening


def _first_sentence(findings: Findings) -> str:
    """A sentence of ours by how the case stands; never the customer's words, never a promise."""
    case, openings = findings.case, findings.wording.phrases.openings
    if not case.steps and (case.reason is None or (case.reason is case.person_wanted and case.only_asks_for_person)):
        return openings.blank
    if any(utterance.reading.care >= _CARE for utterance in case.utterances if utterance.by_customer):
        return openings.care
    if findings.broken:
        return openings.overdue
    if last_failed(case) is not None:
        return openings.failed
    if findings.status is ResolutionStatus.RESOLVED:
        return openings.settled
    thing = main_thing(findings)
    return openings.about.format(thing=thing.text) if thing else openings.first


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
        own = [utterance for utterance in case.utterances if not utterance.pasted]
        ranked = sorted(own, key=lambda utterance: len(asked.intersection(utterance.terms)), reverse=True)
        if ranked and asked.intersection(ranked[0].terms):
            actor = ranked[0].interaction.actor.value.capitalize()
            written[section.name] = f"{actor}: {quoted(ranked[0].shown, QUESTION_WORDS)}"
    return written


def _fitted(brief: Brief, words: int) -> Brief:
    """The brief within so many words, where it can be: what an agent can best do without goes first."""
    for field, least in (
        ("history", 1),
        ("open_questions", 1),
        ("commitments", 2),
        ("actions_taken", 5),
        ("open_questions", 0),
        ("actions_taken", 4),
        ("history", 0),
        ("actions_taken", 3),
        ("commitments", 1),
        ("actions_taken", 2),
    ):
        while _words(brief) > words and len(getattr(brief, field)) > least:
            brief = brief.model_copy(update={field: getattr(brief, field)[1:]})
    return brief


def _words(brief: Brief) -> int:
    return sum(len(piece.split()) for piece in prose(brief))


def _claims(brief: Brief, sentences_told: Iterable[BriefSentence | None], case: Case) -> tuple[Claim, ...]:
    rows = {row.interaction_id: row for row in case.interactions}
    sentences = [
        *sentences_told,
        *(BriefSentence(entry.text, entry.evidence) for entry in (*brief.commitments, *brief.history)),
    ]
    claims = [
        Claim(
            text=sentence.text,
            evidence=sentence.evidence,
            quotes=sentence.quotes or _quotes(sentence, rows),
            support=1.0,
        )
        for sentence in sentences
        if sentence and _declares(sentence.text)
    ]
    return tuple({claim.text: claim for claim in claims}.values())


def _quotes(sentence: BriefSentence, rows: Mapping[str, Interaction]) -> tuple[Quote, ...]:
    """The words that a sentence quotes; of one that is all quotation, like a promise, the sentence."""
    backing = [rows[interaction_id] for interaction_id in sentence.evidence if interaction_id in rows]
    return quotes_in(sentence.text, *backing) or quotes_in(f"“{sentence.text}”", *backing)


def _declares(text: str) -> bool:
    """Whether a text states something: questions, greetings and names of steps are no claims."""
    return not text.rstrip("”").endswith("?") and len(text.split()) > 2
