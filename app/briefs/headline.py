"""The headline of the brief without a model: what it is about, the thing, and where it stands."""

from collections.abc import Iterable, Sequence

from app.briefs.case import Case
from app.briefs.quoting import headed
from app.briefs.reading import Utterance
from app.briefs.situation import BriefSentence, Findings, appointments, thing_of
from app.briefs.speakers import speaker_of
from app.briefs.steps import AttemptedStep, humanised, label_of
from app.briefs.wishes import WishState
from app.models import Intent, Outcome, ResolutionStatus
from app.nlu.human_request import asks_for_person
from app.nlu.words import terms

HEADLINE_CHARACTERS = 120
_BETWEEN = " · "
_LEAST_QUOTE = 70
_LEAST_SHOWN, _NEARLY_AS_MUCH = 0.45, 0.5
# An outcry names no matter.
_FEWEST_TERMS = 3
_NO_THINGS = (
    "appointment",
    "name",
    "date",
    "amount",
    "number",
    "email",
    "phone",
    "account_id",
    "error_code",
    "customer_id",
    "user_id",
)
SURE_OF_INTENT = 0.6


def headline_of(findings: Findings, intent: Intent) -> BriefSentence | None:
    """What it is about, the thing, and where it stands, with what backs each; a quotation where no intent is sure."""
    case = findings.case
    reason = case.reason
    if reason is None and not case.steps:
        return _appointment(findings)
    thing = main_thing(findings)
    ending = [*([thing] if thing else []), *_states(findings)]
    shown = list(ending)
    while shown and _length(shown) > HEADLINE_CHARACTERS - _LEAST_QUOTE:
        shown.pop()
    matter = _matter(case, intent, HEADLINE_CHARACTERS - _length(shown))
    if matter and thing and thing.text.rsplit(" ", 1)[-1] in matter.text:
        ending.remove(thing)
    if matter and asks_for_person(matter.text):  # said in their own words already
        ending = [piece for piece in ending if piece.text != findings.wording.phrases.asks_person]
    pieces = [*([matter] if matter else []), *ending]
    while len(pieces) > 1 and _length(pieces) - len(_BETWEEN) > HEADLINE_CHARACTERS:
        pieces.pop()
    line = _BETWEEN.join(piece.text for piece in pieces)
    evidence = tuple(dict.fromkeys(row for piece in pieces for row in piece.evidence))
    return BriefSentence(line, evidence) if pieces else None


def _appointment(findings: Findings) -> BriefSentence | None:
    """The last appointment, where nobody said a word."""
    last = next(iter(appointments(findings.case, findings.wording)), None)
    return last._replace(text=last.text.rstrip(".")[:HEADLINE_CHARACTERS]) if last else None


def _length(pieces: Sequence[BriefSentence]) -> int:
    """The characters of pieces of a headline, with what stands between each and another."""
    return sum(len(piece.text) + len(_BETWEEN) for piece in pieces)


def _matter(case: Case, intent: Intent, room: int) -> BriefSentence | None:
    """What it is about within so many characters: the sure intent's label, a quotation, else the likely intent's."""
    reason = case.reason
    if reason is None:
        return None
    if (sure := _sure_label(intent, case)) and len(sure) <= room:
        return BriefSentence(sure, (reason.interaction.interaction_id,))
    matters = case.matters
    named = [matter for matter in matters if len(set(matter.terms)) >= _FEWEST_TERMS]
    quotation = _most_telling(named, case, room)
    # That they ask for a person is told of how the case stands.
    names_matter = bool(intent.label) and not asks_for_person(intent.label or "")
    likely = intent.label if names_matter and intent.confidence >= SURE_OF_INTENT else None
    if quotation is None and likely and len(likely) <= room:
        return BriefSentence(likely, (reason.interaction.interaction_id,))
    return quotation or _most_telling(matters, case, room)


def _most_telling(matters: Sequence[Utterance], case: Case, room: int) -> BriefSentence | None:
    """A quotation of the first that fits; of one that tells nearly as much where little of the first would be left."""
    quotations = [
        (utterance, quotation)
        for utterance in matters
        if (quotation := _headed(utterance, case, room - len(_day(utterance, case)) - len(_owner(utterance, case))))
    ]
    if not quotations:
        return None
    least = _NEARLY_AS_MUCH * case.prominence(quotations[0][0])
    full = [
        (utterance, quotation)
        for utterance, quotation in quotations
        if len(quotation.split()) >= _LEAST_SHOWN * len(utterance.text.split()) and case.prominence(utterance) >= least
    ]
    utterance, quotation = (full or quotations)[0]
    return BriefSentence(
        _owner(utterance, case) + quotation + _day(utterance, case), (utterance.interaction.interaction_id,)
    )


def _headed(utterance: Utterance, case: Case, room: int) -> str | None:
    """A quotation within so many characters, with the sentence that names whom it is about where both fit."""
    named = case.antecedent(utterance)
    if named is not None:
        joint = " – " if case.follows(named, utterance) else " … "
        both = [headed(named.shown, room), headed(utterance.shown, room)]
        line = joint.join(quotation for quotation in both if quotation)
        if all(both) and len(line) <= room:
            return line
    return headed(utterance.shown, room)


def _owner(utterance: Utterance, case: Case) -> str:
    """Whose words a quotation is, where several people are on the customer's side."""
    owner = case.people.owner(utterance)
    return f"{owner}: " if owner is not None else ""


def _day(utterance: Utterance, case: Case) -> str:
    return f" ({utterance.interaction.occurred_at:%Y-%m-%d})" if case.is_of_earlier_day(utterance) else ""


def _sure_label(intent: Intent, case: Case) -> str | None:
    """The tenant's words for the intent, where that is sure: likely, in words of the reason, of no wish taken back."""
    label = intent.label or (humanised(intent.name).capitalize() if intent.name else None)
    if not label or case.reason is None or intent.confidence < SURE_OF_INTENT or asks_for_person(label):
        return None
    words = set(terms(label))
    taken_back = {term for sentence in case.taken_back for term in sentence.terms}
    return label if words & set(case.reason.terms) and not words & taken_back else None


def _states(findings: Findings) -> Iterable[BriefSentence]:
    """Where it stands: what is overdue, went wrong, was refused, is asked for; else how far it is settled."""
    case, phrases = findings.case, findings.wording.phrases
    if findings.broken:
        yield BriefSentence(phrases.overdue, findings.broken[-1].evidence)
    failed = last_failed(case)
    if failed is not None:
        yield BriefSentence(phrases.step_failed.format(step=humanised(failed.name)), failed.action.evidence)
    elif case.refusals and case.wishes and case.wishes[-1].state is WishState.REFUSED:
        yield BriefSentence(phrases.turned_down, (case.refusals[-1].interaction.interaction_id,))
    if case.person_wanted is not None:
        yield BriefSentence(phrases.asks_person, (case.person_wanted.interaction.interaction_id,))
    elif failed is None:
        words = {
            ResolutionStatus.RESOLVED: phrases.settled,
            ResolutionStatus.PARTIAL: phrases.partly,
            ResolutionStatus.UNRESOLVED: phrases.open,
        }
        if findings.status in words:
            yield BriefSentence(words[findings.status], ())


def last_failed(case: Case) -> AttemptedStep | None:
    """The last step on record, where it went wrong."""
    steps = [step for step in case.steps if not step.reported]
    last = steps[-1] if steps else None
    return last if last and last.action.outcome in (Outcome.FAILED, Outcome.ABANDONED) else None


def main_thing(findings: Findings) -> BriefSentence | None:
    """The thing that the case is about: what the customer named, of the conversation at hand if there is one."""
    things = [entity for entity in findings.entities if entity.type not in _NO_THINGS]
    failed = last_failed(findings.case)
    tried = [thing for thing in things if failed is not None and thing.value in failed.subject]
    here = [thing for thing in things if findings.case.at_hand.intersection(thing.evidence)]
    if last := findings.case.people.last:  # to them another's thing is not theirs
        own = {row.interaction_id for row in findings.case.interactions if speaker_of(row) == last}
        tried, here = [], [thing for thing in here if own.intersection(thing.evidence)]
        things = here
    chosen = next(iter(tried or here or things), None)
    return BriefSentence(thing_of(label_of(chosen.type), chosen.value), chosen.evidence[:2]) if chosen else None
