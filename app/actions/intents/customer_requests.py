"""What the customer asked for in a conversation, wish by wish."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from app.models import Actor, Interaction, Kind, Outcome
from app.nlu.dialogue_acts import SpeechAct, customer_act, is_english, staff_act
from app.nlu.sentences import sentences
from app.nlu.steps import step_name
from app.nlu.words import terms

FIRST_WISHES = 2
LATEST_WISHES = 2
# Questions asked on the way do not crowd out what is to be done.
LATEST_ORDERS = 2
OLDER_WEIGHT = 0.93
LEAST_WEIGHT = 0.75
# What is left of a wish that the customer has taken back: no more than of anything that nobody asked for.
WITHDRAWN = 0.1
_OPEN = frozenset({SpeechAct.REQUEST, SpeechAct.QUESTION, SpeechAct.PROBLEM})
_TELLING = frozenset({SpeechAct.INFORMATION, SpeechAct.ATTEMPT})
_STUCK = (Outcome.FAILED, Outcome.ABANDONED)
_SHORTEST_FOREIGN = 4
# A clause ends at a comma, and where the speaker begins anew: "I don't want a refund I want a new one".
_CLAUSE = r"(?:(?!\b(?:but|i (?:just |only |really )?(?:want|need)|i[’']?d|i would|please|just)\b)[^,;:.?!–—]){0,200}"
# What is not wanted, apart from what one wants to be rid of: "I don't want it any more", "I don't want to pay for it".
_UNWANTED = re.compile(
    rf"\bi (?:really |definitely )?(?:don[’']?t|do not|never) (?:really )?(?:want|need|wish for|ask(?:ed)? for)\b"
    rf"(?! to (?:be|pay|lose|wait|keep|get|have)\b)(?!{_CLAUSE}\bany ?(?:more|longer))(?= \w){_CLAUSE}"
    rf"|\b(?:instead of|rather than)\b(?! (?:me|us|one|two|three|four|five|\d)){_CLAUSE}"
    rf"|(?<=[,;])\s*(?:and |so |but )?not (?:an?|the|my|any|another|to)\b{_CLAUSE}"
    rf"|\bi(?:[’']?m| am) not (?:asking for|looking for|after|here for|interested in)\b{_CLAUSE}"
    rf"|\bplease (?:don[’']?t|do not)\b{_CLAUSE}"
    r"|^no (?:\w+ ){1,2}(?:please|thanks|thank you)(?=[,.;!]|$)"
    r"|\bi (?:want|need) no \w+",
    re.IGNORECASE,
)
_HELD = re.compile(r"\b(?:want|need) (?:my|our|the|this|that|these|those|it|them)\b", re.IGNORECASE)
# What was wished for so far is dropped again, for now or for good; "never mind" may go on to something else.
_HELD_OFF = re.compile(
    r"\b(?:i[’']?ll|i (?:will|would|think|might)|i[’']d|let[’']?s|we[’']?ll) (?:\w+ ){0,3}hold off\b"
    r"|\b(?:leave|keep) (?:it|things|everything|them|(?:my|the|our) \w+(?: \w+)?) (?:just )?(?:as|the way)"
    r" (?:it|they|things)(?: (?:is|are|was|were)|[’']s)\b"
    r"|\bi(?:[’']m| am|[’']d| would)? (?:won[’']?t|will not|not going to|rather not|don[’']?t want to|decided not to)"
    r" (?:be )?(?:go(?:ing)? (?:ahead|through)|proceed(?:ing)?|mak(?:e|ing) any changes?|chang(?:e|ing) anything)\b",
    re.IGNORECASE,
)
_NEVER_MIND = re.compile(r"\b(?:never ?mind|forget (?:it|about it))\b", re.IGNORECASE)
_EDGES = " ,;:–—"
_CIVIL = frozenset("pleas thank hi hello help assist want need like know tell get let would check".split())


class IntentWish(NamedTuple):
    """One thing the customer asked for, with the message it stands in and how much it counts (0..1)."""

    text: str
    row: Interaction
    weight: float
    refused: bool


def wishes_of(rows: Sequence[Interaction]) -> list[IntentWish]:
    """What the customer asked for, sentence by sentence: the first wishes and the latest ones.

    What they took back later counts for little.
    """
    interactions = [row for row in rows if row.kind is Kind.MESSAGE and row.text.strip()]
    asked: list[tuple[int, str]] = []
    for index in range(len(interactions)):
        asked.extend([(index, text) for text in _asked(interactions, index, opening=not asked)])
    ages = {index: age for age, index in enumerate(sorted({index for index, _ in asked}, reverse=True))}
    withdrawn = _withdrawn_before(interactions)
    chosen = _chosen(asked)
    return [
        IntentWish(
            text,
            interactions[index],
            max(LEAST_WEIGHT, OLDER_WEIGHT ** ages[index]) * (WITHDRAWN if index < withdrawn else 1.0),
            _is_refused(interactions, index),
        )
        for index, text in chosen
    ]


def _chosen(asked: Sequence[tuple[int, str]]) -> list[tuple[int, str]]:
    """The first wishes, the latest ones, and the latest things to be done, however many questions came after them."""
    latest = range(max(FIRST_WISHES, len(asked) - LATEST_WISHES), len(asked))
    orders = [index for index in range(len(asked)) if customer_act(asked[index][1]) is SpeechAct.REQUEST][
        -LATEST_ORDERS:
    ]
    return [asked[index] for index in sorted({*range(min(FIRST_WISHES, len(asked))), *latest, *orders})]


def _withdrawn_before(interactions: Sequence[Interaction]) -> int:
    """The place of the last message that takes back what was asked for before it; 0 where none does."""
    return max((index for index, row in enumerate(interactions) if _withdraws(row)), default=0)


def _withdraws(row: Interaction) -> bool:
    return row.actor is Actor.CUSTOMER and any(pattern.search(row.text) for pattern in (_HELD_OFF, _NEVER_MIND))


def stuck_at(rows: Sequence[Interaction]) -> list[IntentWish]:
    """What a customer who has said nothing failed to do or gave up, in the words of the steps' names."""
    stuck = [row for row in rows if row.kind is Kind.EVENT and row.name and row.outcome in _STUCK]
    latest = {step_name(row.name or ""): row for row in stuck}
    return [IntentWish(name.replace("_", " "), row, 1.0, refused=False) for name, row in latest.items()][
        -LATEST_WISHES:
    ]


def _is_refused(interactions: Sequence[Interaction], index: int) -> bool:
    for row in interactions[index + 1 :]:
        if row.actor is Actor.CUSTOMER:
            return False
        # "Unfortunately, I need your number for that" is a question, not a refusal.
        refusals = [sentence for sentence in sentences(row.text) if staff_act(sentence) is SpeechAct.REFUSAL]
        if any(not {"need", "provid", "requir"} & set(terms(refusal)) for refusal in refusals):
            return True
    return False


def _asked(interactions: Sequence[Interaction], index: int, *, opening: bool) -> list[str]:
    row = interactions[index]
    if row.actor is not Actor.CUSTOMER:
        return []
    standing = [sentence for sentence in sentences(row.text) if not _HELD_OFF.search(sentence)]
    spoken = [rest for sentence in standing if (rest := without_the_unwanted(sentence))]
    # How a customer opens says what it is about, even where nothing is asked: "There is a fee on my bill."
    telling = _OPEN | _TELLING if opening else _OPEN
    asked = [sentence for sentence in spoken if customer_act(sentence) in telling and _says_something(sentence)]
    if asked:
        return asked
    # The acts are known by English wording only.
    if len(row.text.split()) >= _SHORTEST_FOREIGN and not is_english(row.text):
        return [without_the_unwanted(row.text)]
    before = interactions[index - 1] if index else None
    agrees = any(customer_act(sentence) is SpeechAct.CONFIRMATION for sentence in spoken[:1])
    if before is None or before.actor is Actor.CUSTOMER or not agrees:
        return []
    # Who agrees to a proposal wants what was proposed.
    return [sentence for sentence in sentences(before.text) if sentence.endswith("?") and _says_something(sentence)][
        -1:
    ]


def without_the_unwanted(sentence: str) -> str:
    """The sentence without what the customer says they do not want; empty where nothing else is said."""
    rest = _UNWANTED.sub(" ", sentence)
    if rest == sentence:
        return sentence
    rest = re.sub(r"^(?:but|and|so)\b", "", " ".join(rest.split()).strip(_EDGES), flags=re.IGNORECASE).strip(_EDGES)
    if terms(rest):
        return rest
    # Who no longer wants what they have wants to be rid of it, and that is the matter itself.
    return sentence if _HELD.search(sentence) else ""


def _says_something(sentence: str) -> bool:
    return not set(terms(sentence)) <= _CIVIL
