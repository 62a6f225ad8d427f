"""Whether what a sentence says of the customer and the staff is theirs, or the other way about.

Turned round, a sentence has these features with the opposite sign, so one weight each tells how much more the
conversation bears out the one than the other. They compare who said the sentence's words, who said them first, who
asked, who does it (`I will` or `you will`), whose it is (`my`, `your`), and how each side speaks (`ask`, `suggest`).
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence

from app.brief.verification.claims import Deed, Possession, deeds
from app.brief.verification.reading import Clause, Talk, lemma

_CLASSES = {
    "asks": "ask wonder inquire enquire question interview check",
    "tells": "tell inform explain say answer reply report show describe mention state respond teach remind",
    "wants": "want need hope wish prefer plan intend try look request require seek",
    "thinks": "think believe feel know like love enjoy find hate doubt worry dislike consider understand",
    "suggests": "suggest recommend advise propose offer encourage persuade introduce invite urge",
    "helps": "help assist serve give provide send bring arrange book lend promise",
    "agrees": "agree accept follow decide choose take join",
    "talks": "talk discuss share chat",
    "complains": "complain apologize refuse reject disagree deny blame",
    "buys": "buy order pay purchase get receive hear learn",
}
_CLASS_OF = {lemma(word): name for name, words in _CLASSES.items() for word in words.split()}
_MANNERS: Mapping[str, re.Pattern[str]] = {
    "asks": re.compile(r"\?"),
    "thanks": re.compile(r"\bthank", re.IGNORECASE),
    "sorry": re.compile(r"\b(?:sorry|apolog|afraid)", re.IGNORECASE),
    "agrees": re.compile(
        r"^\W*(?:ok|okay|sure|yes|yeah|all right|alright|great|good idea|that sounds|sounds|i agree|you['’]re right"
        r"|of course|no problem|fine|deal|good|perfect|thank|i will|i['’ ]{1,3}ll|you are right|exactly"
        r"|that['’ ]{1,3}s)\b",
        re.IGNORECASE,
    ),
    "suggests": re.compile(
        r"\b(?:you (?:should|could|might|may|need|['’]d better)|how about|what about|why do ?n|let['’ ]{1,3}s|let us"
        r"|you had better|if i were you|recommend|suggest|would you like)\b",
        re.IGNORECASE,
    ),
    "serves": re.compile(
        r"\b(?:can i help|may i help|what can i do|help you|shall i|let me|may i (?:have|see)|certainly|we have|sir"
        r"|madam|ma['’]am)\b",
        re.IGNORECASE,
    ),
    "wants": re.compile(
        r"\b(?:i(?:['’ ]{1,3}d| would) like|i want|i need|i['’ ]{1,3}m looking for|can you|could you)\b",
        re.IGNORECASE,
    ),
}
_MANNER_OF = {
    "asks": "asks",
    "agrees": "agrees",
    "suggests": "suggests",
    "complains": "sorry",
    "wants": "wants",
}
_RARE = "other"


def role_features(text: str, talk: Talk, named: Mapping[str, int]) -> Mapping[str, float]:
    """How much better the conversation fits a sentence than the same with the sides exchanged; empty without sides."""
    done, owned = deeds(text, named)
    found: dict[str, float] = defaultdict(float)
    for deed in done:
        _compare(deed, talk, found)
    for one in owned:
        found["owns"] += one.side * _owner(one, talk)
    return found


def first_side(text: str, named: Mapping[str, int]) -> int:
    """The side that a sentence is about, as in `reading.side_of`; 0 when it names none."""
    done, owned = deeds(text, named)
    return next((one.side for one in (*done, *owned)), 0)


def speaks_so(deed: Deed, talk: Talk) -> bool:
    """Whether a side speaks in the manner that a verb tells of: `agrees`, `asks`, `thanks`."""
    pattern = _MANNERS.get(_MANNER_OF.get(kind_of(deed.predicate), ""))
    return pattern is not None and any(side == deed.side and pattern.search(text) for side, text in talk.said)


def kind_of(verb: str | None) -> str:
    """The class of a verb (or its stem): `tells`, `wants`, …; `other` where it has none."""
    return _CLASS_OF.get(lemma(verb), _RARE) if verb else _RARE


def _compare(deed: Deed, talk: Talk, found: dict[str, float]) -> None:
    said = first = acted = asked = 0.0
    total = 1.0
    for word in set(deed.words):
        weight = talk.weight(word)
        if not weight:
            continue
        places = talk.places[word]
        total += weight
        said += weight * _mean([clause.side for clause, _ in places])
        first += weight * places[0][0].side
        acted += weight * _mean([clause.acting[place] for clause, place in places if clause.acting[place]])
        asked += weight * _mean([clause.side for clause, _ in places if clause.asks])
    kind = "passive" if deed.passive else kind_of(deed.predicate)
    nearest, does = _nearest(deed, talk)
    spots = talk.places.get(deed.predicate or "", ())
    verb = _mean([clause.acting[place] for clause, place in spots if clause.acting[place]])
    compared = {
        "said": said / total,
        "first": first / total,
        "acted": acted / total,
        "asked": asked / total,
    }
    for name, value in (compared | {"nearest": nearest, "does": does, "verb": verb}).items():
        if not deed.passive:
            found[name] += deed.side * value
        found[f"{name} {kind}"] += deed.side * value
    for name, lean in _manners(talk).items():
        found[f"{name} {kind}"] += deed.side * lean


def _nearest(deed: Deed, talk: Talk) -> tuple[float, float]:
    """Who says the clauses that share most with what is done, and who acts in them: the mean of their sides."""
    near = talk.nearest(deed.words)
    return _mean([clause.side for clause in near]), _mean([who for clause in near if (who := clause.acting[-1])])


def owner(thing: str, talk: Talk) -> int:
    """Whose a thing (a stem) is by `my` and `your`: as in `reading.side_of`, 0 when nothing tells."""
    lean = sum(_belongs(clause, place) for clause, place in talk.places.get(thing, ()))
    return (lean > 0) - (lean < 0)


def _owner(one: Possession, talk: Talk) -> int:
    return next(filter(None, (owner(word, talk) for word in one.words)), 0)


def _belongs(clause: Clause, place: int) -> int:
    before = clause.words[max(0, place - 3) : place]
    if "my" in before or "our" in before:
        return clause.side
    return -clause.side if "your" in before else 0


def _manners(talk: Talk) -> Mapping[str, float]:
    """For each manner of speaking, how much more the customer speaks so: -1..1."""
    if not talk.manners:
        for name, pattern in _MANNERS.items():
            sides = [side for side, text in talk.said if pattern.search(text)]
            talk.manners[name] = sum(sides) / (len(sides) + 1)
    return talk.manners


def _mean(values: Sequence[int]) -> float:
    return sum(values) / len(values) if values else 0.0
