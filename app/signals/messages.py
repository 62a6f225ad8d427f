"""Signals that lie in words: repetition, a bot that goes round, negative sentiment and requests for a person."""

import re
from collections.abc import Iterator, Sequence
from datetime import timedelta

from app.models import Actor, Interaction, Kind, Trend
from app.nlu.analysis import analysis_of, once_per_row
from app.nlu.dialogue_acts import SpeechAct
from app.nlu.human_request import asks_for_one, names_a_person
from app.nlu.identifiers import canonical
from app.nlu.quotations import given_words
from app.nlu.reply_moves import Reply, TurnEffect
from app.nlu.sentiment import NEGATIVE, POSITIVE, mood
from app.nlu.words import STOP_WORDS
from app.signals.journey import STAFF, Journey, Moment, quote, span, times
from app.signals.rephrasing import are_apart, asks_in_other_words

_DELIGHTED = 0.7
_LOOK_BACK = 30
_OPEN = frozenset({SpeechAct.REQUEST, SpeechAct.QUESTION, SpeechAct.PROBLEM})
_MOSTLY_WITHIN = 0.7
_SHARED = 0.5
_SAME_WORDS = 0.8
_ALL_WORDS = 0.9
_HALF_THE_WORDS = 0.5
_MOST_WORDS = 0.6
_SHORTEST_STATEMENT = 6
_SHORTEST_QUESTION = 3
_LOOP_LOOK_BACK = 8
_LOOP_WITHIN = timedelta(hours=1)
_FEELINGS_READ = 12
_NOT_UNDERSTOOD = re.compile(
    r"\b(?:(?:did ?n[’']?t|do(?:es)? ?n[’']?t|did not|do not|could ?n[’']?t|can ?not|can[’']?t|not sure i) "
    r"(?:quite |fully |really )?(?:understand|catch|get that|follow|recogni[sz]e|make sense of)"
    r"|(?:could|can) you (?:please )?rephrase|(?:try|please) rephras\w+|nicht (?:ganz )?verstanden"
    r"|pas (?:bien )?compris|no (?:he entendido|entend[ií])|n[ãa]o (?:entendi|compreendi)|non ho capito"
    r"|niet begrepen)\b",
    re.IGNORECASE,
)
# Who asks for one of these asks the customer to name something.
_ASKS_FOR_A_NAME = re.compile(
    r"\b(?:numbers?|ids?|codes?|reference|e-?mail|phone|address|details|which|identif\w+|nummer|num[ée]ro|n[úu]mero|numero)\b",
    re.IGNORECASE,
)
_TELLING = (
    r"(?:explain|ask|tell|told|say|said|repeat|call|contact|writ|wrote|describ|report|giv|gave|send|sent|mention)\w*"
)
_SAYS_AGAIN = re.compile(
    r"\b(?:second|third|fourth|fifth|sixth|tenth|hundredth|umpteenth|\d+(?:nd|rd|th)) time (?:now )?(?:that )?"
    rf"(?:i|we)\b[^.?!,]{{0,20}}\b{_TELLING}"
    rf"|\b(?:i|we)[’']?(?:ve| have| had)? (?:have )?(?:already |just )?{_TELLING} [^.?!]{{0,40}}"
    r"\b(?:(?:three|four|five|six|ten|several|so many|countless|many) times|over and over)\b"
    r"|(?<!do i )(?<!do we )\b(?:have|having|need|going) to (?:repeat (?:myself|this|it|everything)"
    r"|(?:explain|say|describe|tell you) (?:\w+ ){1,3}(?:all over )?again)",
    re.IGNORECASE,
)
_ASKED_ALREADY = re.compile(
    r"\bi(?:[’']ve| have| had)? (?:already |just )?(?:asked|told you|said|was asking|am asking)(?: you)? "
    r"(?:whether|if|that|for|about|how|when|where|why|what|who|which)\b",
    re.IGNORECASE,
)
_CIVIL = frozenset("pleas thank hi hello help want need like know tell get let would".split())
_COURTESY = re.compile(r"\byou(?:[’']re| are) welcome\b|\bhave a (?:great|good|nice)\b|\bmy pleasure\b", re.IGNORECASE)


def repetitions(journey: Journey) -> Iterator[Moment]:
    """A customer who asks again what was answered or not, or gives again a name they had given."""
    own = journey.own
    rows = [row for row in journey.everything if row.kind is not Kind.NOTE]
    positions = [index for index, row in enumerate(rows) if row.actor is Actor.CUSTOMER and row.kind is Kind.MESSAGE]
    for order, index in enumerate(positions):
        if rows[index].interaction_id not in own or not journey.is_asked_about(rows[index]):
            continue
        earlier = positions[max(0, order - _LOOK_BACK) : order]
        moment = _asked_again(journey, rows, earlier, index) or _named_again(rows, earlier, index)
        moment = moment or _says_so(rows, earlier, index)
        if moment is not None:
            yield moment


def bot_loops(journey: Journey) -> Iterator[Moment]:
    """A bot that says nearly the same thing again although the customer has spoken in between."""
    rows = journey.messages
    positions = [index for index, row in enumerate(rows) if row.actor is Actor.BOT and not _is_courtesy(row)]
    looped: set[int] = set()
    for order in range(len(positions) - 1, 0, -1):
        index = positions[order]
        if index in looped or not journey.is_asked_about(rows[index]):
            continue
        earlier = positions[max(0, order - _LOOP_LOOK_BACK) : order]
        same = [other for other in earlier if _says_the_same(rows, other, index)]
        if same:
            looped.update(same)
            count = len(same) + 1
            detail = f"The bot said nearly the same thing {times(count)}: “{quote(rows[index].text)}”"
            evidence = [rows[other] for other in (*same, index)]
            yield Moment(0.15 + 0.2 * count, evidence, detail)


def negative_sentiment(journey: Journey) -> Iterator[Moment]:
    """Messages of a displeased customer, unless they have been clearly pleased since."""
    recent = journey.customer_messages[-_FEELINGS_READ:]
    if not any(journey.is_asked_about(row) for row in recent):
        return
    feelings = [analysis_of(row).feeling for row in recent]
    pleased = max((index for index, row in enumerate(recent) if _is_pleased(row)), default=-1)
    for index in range(pleased + 1, len(recent)):
        if feelings[index] > NEGATIVE or not journey.is_asked_about(recent[index]):
            continue
        trend = mood(feelings[: index + 1]).trend
        severity = -feelings[index] + (0.15 if trend is Trend.WORSENING else 0.0)
        course = ", and it is getting worse" if trend is Trend.WORSENING else ""
        detail = f"The customer sounds displeased{course}: “{quote(recent[index].text)}”"
        yield Moment(severity, (recent[index],), detail)


def human_requests(journey: Journey) -> Iterator[Moment]:
    """Requests for a person which no agent has met yet."""
    count = 0
    served = max((index for index, row in enumerate(journey.messages) if row.actor is Actor.AGENT), default=-1)
    before: Interaction | None = None
    for row in journey.messages[served + 1 :]:
        if row.actor is not Actor.CUSTOMER:
            before = row
        elif _asks_for_person(row) or (before is not None and _names_a_person(before) and _asks_for_one(row)):
            count += 1
            again = " again" if count > 1 else ""
            detail = f"The customer asked for a person{again}: “{quote(row.text)}”"
            yield Moment(0.8 + 0.1 * (count - 1), (row,), detail)


@once_per_row
def _asks_for_person(row: Interaction) -> bool:
    return analysis_of(row).asks_for_person


@once_per_row
def _asks_for_one(row: Interaction) -> bool:
    return asks_for_one(analysis_of(row).own)


@once_per_row
def _names_a_person(row: Interaction) -> bool:
    return names_a_person(row.text)


@once_per_row
def _is_courtesy(row: Interaction) -> bool:
    # "Anything else?" may well be asked twice; "Sorry, that failed. Anything else?" may not.
    turn = analysis_of(row).turns
    return (TurnEffect.ASKS_FOR_MORE in turn and TurnEffect.FAILS not in turn) or bool(_COURTESY.search(row.text))


def _is_pleased(row: Interaction) -> bool:
    analysis = analysis_of(row)
    acts = set(analysis.acts)
    if acts & _OPEN:
        return False
    return analysis.feeling >= (POSITIVE if acts & {SpeechAct.THANKS, SpeechAct.CLOSING} else _DELIGHTED)


def _asked_again(journey: Journey, rows: Sequence[Interaction], earlier: Sequence[int], index: int) -> Moment | None:
    for other in reversed(earlier):
        if are_apart(rows[other], rows[index]):
            continue
        same = _asks_the_same(rows[other], rows[index])
        rephrased = (
            not same
            and bool(journey.vectors)
            and asks_in_other_words(rows, other, index, _shared(rows[other], rows[index]), journey.vectors)
        )
        if (same or rephrased) and _still_open(rows, other, index):
            gap = span(rows[index].occurred_at - rows[other].occurred_at)
            how = "in other words" if rephrased else "again"
            detail = f"The customer asks {how}, {gap} later: “{quote(rows[index].text)}”"
            severity = 0.6 if rows[other].channel is rows[index].channel else 0.7
            return Moment(severity, (rows[other], rows[index]), detail)
    return None


def _named_again(rows: Sequence[Interaction], earlier: Sequence[int], index: int) -> Moment | None:
    names = _names(rows[index])
    if not names:
        return None
    for other in earlier:
        again = names.keys() & _names(rows[other]).keys()
        if again and _answered(rows, other, index) and (again := again - _taken_up(rows, other, index)):
            value = names[min(again)]
            elsewhere = rows[other].channel is not rows[index].channel
            where = f" after having given it {rows[other].channel.traits.where}" if elsewhere else ""
            detail = f"The customer had to give {value} again{where}."
            return Moment(0.6 if elsewhere else 0.45, (rows[other], rows[index]), detail)
    return None


def _says_so(rows: Sequence[Interaction], earlier: Sequence[int], index: int) -> Moment | None:
    row = rows[index]
    told_here = any(rows[other].conversation_id == row.conversation_id for other in earlier)
    if not (_says_again(row) or (told_here and _asked_already(row))):
        return None
    return Moment(0.6, (row,), f"The customer says that they repeat it: “{quote(row.text)}”")


def _taken_up(rows: Sequence[Interaction], other: int, index: int) -> set[str]:
    # A name that we have used ourselves is common ground; only being asked for it once more makes it a repetition.
    interactions = [row for row in rows[other + 1 : index] if row.actor is not Actor.CUSTOMER]
    spoken = next((row for row in reversed(interactions) if row.kind is Kind.MESSAGE), None)
    if spoken is None or rows[other].channel is not rows[index].channel:
        return set()
    if "?" in spoken.text and _ASKS_FOR_A_NAME.search(spoken.text):
        return set(_names(spoken))
    used = {name for row in interactions if row.actor in STAFF for name in _names(row)}
    return used | {
        canonical(str(value)) for row in interactions if row.kind is Kind.TOOL_CALL for value in row.data.values()
    }


def _answered(rows: Sequence[Interaction], other: int, index: int) -> bool:
    return any(row.actor in STAFF and row.kind is Kind.MESSAGE for row in rows[other + 1 : index]) or (
        rows[other].conversation_id != rows[index].conversation_id
    )


def _still_open(rows: Sequence[Interaction], other: int, index: int) -> bool:
    # Who has agreed or asked for something else since then asks the same about another thing.
    between = (row for row in rows[other + 1 : index] if row.actor is Actor.CUSTOMER and row.kind is Kind.MESSAGE)
    went_on = any(analysis_of(row).replies & {Reply.AGREES, Reply.WANTS_ANOTHER} for row in between)
    return _answered(rows, other, index) and not went_on


@once_per_row
def _names(row: Interaction) -> dict[str, str]:
    analysis = analysis_of(row)
    given = given_words(analysis.text) if analysis.by_customer else analysis.text
    named = (mention for mention in analysis.mentions if mention.type not in ("amount", "date"))
    return {canonical(mention.value): mention.value for mention in named if mention.value in given}


@once_per_row
def _question(row: Interaction) -> frozenset[str]:
    analysis = analysis_of(row)
    asked = (own for own, act in zip(analysis.terms_by_sentence, analysis.acts, strict=True) if act in _OPEN)
    return frozenset(term for own in asked for term in own if term.isalpha() and term not in _CIVIL)


def _asks_the_same(before: Interaction, after: Interaction) -> bool:
    earlier, later = _question(before), _question(after)
    if earlier.isdisjoint(later):
        return False
    shared, least, most = len(earlier & later), min(len(earlier), len(later)), len(earlier | later)
    if least >= _SHORTEST_QUESTION:
        return shared / least >= _MOSTLY_WITHIN and shared / most >= _SHARED
    # Of a short question every word counts: "where is it" and "where is it now" are one, "is it here" is another.
    words, again = analysis_of(before).words, analysis_of(after).words
    return (
        shared / most >= _MOST_WORDS
        and len(words & again) >= _SHORTEST_QUESTION
        and len(words & again) / len(words | again) >= _HALF_THE_WORDS
    )


def _shared(before: Interaction, after: Interaction) -> float:
    earlier, later = _question(before), _question(after)
    return len(earlier & later) / len(earlier | later) if earlier | later else 0.0


def _says_the_same(rows: Sequence[Interaction], other: int, index: int) -> bool:
    before, after = rows[other], rows[index]
    if after.occurred_at - before.occurred_at > _LOOP_WITHIN:
        return False
    if not any(row.actor is Actor.CUSTOMER for row in rows[other + 1 : index]):
        return False
    if _not_understood(before) and _not_understood(after):
        return True
    earlier_words, later_words = analysis_of(before).words, analysis_of(after).words
    shared = len(earlier_words & later_words)
    if shared < _SHORTEST_QUESTION:
        return False
    # The same again, or the same again with an apology or a greeting before it.
    longer = shared >= _SHORTEST_STATEMENT and shared / min(len(earlier_words), len(later_words)) >= _ALL_WORDS
    alike = shared / len(earlier_words | later_words) >= (_HALF_THE_WORDS if longer else _SAME_WORDS)
    return alike and not (later_words - earlier_words) & _told_between(rows, other, index)


def _told_between(rows: Sequence[Interaction], other: int, index: int) -> set[str]:
    # A summary that takes up what the customer has just put right is no loop, however like the last one it is.
    between = (row for row in rows[other + 1 : index] if row.actor is Actor.CUSTOMER)
    return {word for row in between for word in analysis_of(row).words if word not in STOP_WORDS}


@once_per_row
def _says_again(row: Interaction) -> bool:
    return _SAYS_AGAIN.search(analysis_of(row).own) is not None


@once_per_row
def _asked_already(row: Interaction) -> bool:
    return _ASKED_ALREADY.search(analysis_of(row).own) is not None


@once_per_row
def _not_understood(row: Interaction) -> bool:
    return _NOT_UNDERSTOOD.search(row.text) is not None
