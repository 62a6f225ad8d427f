"""Plain contradictions that need no weighing: a step told as done that failed, the opposite word, another patient.

Each gives what is wrong in words, or None. They object only where the evidence itself says otherwise.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence

from app.brief.verification.claims import Piece, clauses, content, deeds
from app.brief.verification.reading import (
    BE,
    CUSTOMER,
    FAILING_WORDS,
    IRREGULAR,
    NEGATIONS,
    Clause,
    Talk,
    lemma,
    plain_words,
    went_wrong,
)
from app.language.steps import result_outcome, step_name
from app.language.words import STOP_WORDS
from app.models import Interaction, Kind, Outcome

_OPPOSITES = (
    ("earlier", "later"),
    ("early", "late"),
    ("open", "closed"),
    ("opened", "closed"),
    ("before", "after"),
    ("cheaper", "dearer"),
    ("cheap", "expensive"),
    ("cheaper", "expensive"),
    ("more", "less"),
    ("more", "fewer"),
    ("higher", "lower"),
    ("bigger", "smaller"),
    ("larger", "smaller"),
    ("longer", "shorter"),
    ("first", "last"),
    ("accept", "reject"),
    ("accept", "decline"),
    ("approve", "reject"),
    ("approve", "decline"),
    ("start", "stop"),
    ("begin", "end"),
    ("increase", "decrease"),
    ("raise", "lower"),
    ("add", "remove"),
    ("enable", "disable"),
    ("activate", "deactivate"),
    ("lock", "unlock"),
    ("block", "unblock"),
    ("buy", "sell"),
    ("arrive", "leave"),
    ("upgrade", "downgrade"),
    ("include", "exclude"),
    ("empty", "full"),
    ("left", "right"),
    ("inside", "outside"),
    ("upstairs", "downstairs"),
    ("with", "without"),
)
_NEAREST_SHARE = 0.5
_FEWEST_SHARED = 2
_TRIED = frozenset(map(lemma, "try attempt want ask wish hope plan wait request refuse".split()))
_NOT_YET = frozenset("will would can could may might shall should must to if when before until".split())
_BEEN = BE | frozenset("has have had successfully".split())


def failed_step(text: str, interactions: Sequence[Interaction]) -> str | None:
    """A step whose last outcome was no success, told by a sentence as done."""
    steps = _ended_wrong(interactions)
    if not steps:
        return None
    sentence = frozenset(map(lemma, plain_words(text)))
    if sentence & FAILING_WORDS or sentence & _TRIED or not NEGATIONS.isdisjoint(plain_words(text)):
        return None
    for piece in clauses(text):
        told = set(content(piece.words))
        for name, words in steps.items():
            if words <= told and _is_done(piece, words):
                return f"“{name}” did not succeed"
    return None


def opposite(text: str, talk: Talk) -> str | None:
    """A word of a sentence in whose place what is nearest to it in the conversation has the opposite."""
    for piece in clauses(text):
        words = set(piece.words)
        for one, other in _both_ways():
            if one not in words or talk.places.get(lemma(one)):
                continue
            rest = {word for word in content(piece.words) if word != lemma(one)}
            denied = not NEGATIONS.isdisjoint(piece.words)
            near = (clause for clause in _nearest(rest, talk) if other in clause.words and not clause.asks)
            if any(clause.negative is denied for clause in near):
                return f"the evidence has “{other}” there, not “{one}”"
    return None


def another_patient(text: str, talk: Talk, named: Mapping[str, int]) -> str | None:
    """Whether a sentence says that something was done to one side where it was done to the other: `I was charged`."""
    done, _ = deeds(text, named)
    for deed in done:
        if not deed.passive or deed.predicate is None:
            continue
        rest = set(deed.words) - {deed.predicate}
        spots = [(clause, place) for clause, place in talk.places.get(deed.predicate, ()) if not clause.asks]
        near = [one for one in spots if rest & one[0].content] or spots
        suffered = {who for clause, place in near if (who := _patient(clause, place))}
        if suffered == {-deed.side}:
            other = "the customer" if deed.side != CUSTOMER else "the agent"
            return f"the evidence has it done to {other}"
    return None


def _ended_wrong(interactions: Sequence[Interaction]) -> Mapping[str, frozenset[str]]:
    """The names of steps whose last outcome was none, with the stems they consist of."""
    last: dict[str, tuple[str, bool]] = {}
    for one in interactions:
        if one.name is None or one.kind not in (Kind.EVENT, Kind.TOOL_CALL, Kind.TOOL_RESULT):
            continue
        outcome = result_outcome(one) if one.kind is Kind.TOOL_RESULT else one.outcome
        if outcome is not None:
            spaced = step_name(one.name).replace("_", " ")
            last[step_name(one.name)] = (spaced, went_wrong(one) or outcome is Outcome.FAILED)
    found = {
        spaced: frozenset(lemma(word) for word in spaced.split() if word not in STOP_WORDS)
        for spaced, wrong in last.values()
        if wrong
    }
    return {spaced: words for spaced, words in found.items() if len(words) >= _FEWEST_SHARED}


def _is_done(piece: Piece, words: Collection[str]) -> bool:
    """Whether a clause tells the step as past: `was lifted`, `lifted the block`."""
    if not _NOT_YET.isdisjoint(piece.words):
        return False
    past = [word for word in piece.words if lemma(word) in words and _looks_past(word)]
    return bool(past)


def _looks_past(word: str) -> bool:
    return word.endswith("ed") or word in IRREGULAR


def _both_ways() -> Iterator[tuple[str, str]]:
    for one, other in _OPPOSITES:
        yield one, other
        yield other, one


def _nearest(words: set[str], talk: Talk) -> Sequence[Clause]:
    """The clauses that have most of these stems, two of them at least."""
    total = sum(talk.weight(word) for word in words)
    found = talk.scores(words)
    return [
        talk.clauses[number]
        for number, score in found.items()
        if total and score >= _NEAREST_SHARE * total and len(words & talk.clauses[number].content) >= _FEWEST_SHARED
    ]


def _patient(clause: Clause, place: int) -> int:
    """Whom the verb at this place is done to, by the pronouns around it: the side, 0 where they do not tell."""
    before, after = clause.words[max(0, place - 5) : place], clause.words[place + 1 : place + 3]
    verb = clause.words[place]
    passive = verb.endswith(("ed", "en")) and any(word in _BEEN for word in before)
    if passive and ("i" in before or "we" in before):
        return clause.side
    if passive and "you" in before:
        return -clause.side
    if passive:
        return 0
    if after[:1] and after[0] in ("me", "us"):
        return clause.side
    return -clause.side if after[:1] == ("you",) else 0
