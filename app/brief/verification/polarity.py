"""Whether a sentence says `not` where the conversation does not, or leaves it out: the features that tell.

For a sentence that denies something, what the conversation denies is compared with it; for one that asserts, whether
what fits it best there is a denial. Numbers are shares of the sentence's words, weighted by how much each tells.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import pairwise

from app.brief.verification.claims import (
    Denial,
    Piece,
    clauses,
    content,
    denials,
    predicates,
)
from app.brief.verification.reading import (
    FAILING_WORDS,
    NEGATIONS,
    NEGATIVE_WORDS,
    SIDE_WORDS,
    Clause,
    Talk,
    lemma,
    plain_words,
)

_REPORTED = frozenset(
    lemma(word)
    for word in """ask tell talk suggest invite help recommend introduce explain discuss offer advise show say report
    remind teach thank interview inform apologize greet inquire order request give share buy plan decide agree take
    come go get bring complain""".split()
)
"""What a summary says somebody did; that they did not is hardly ever worth a sentence."""
_STATES = frozenset(
    lemma(word)
    for word in """know like want have think believe understand mind need care remember see find feel work able sure
    afford allow eat hear wear""".split()
)
"""What is as often denied as asserted."""
_ONLY_DENIED = frozenset("anymore any yet either ever anyone anything anybody".split())
_REFUSING = frozenset(lemma(word) for word in "refuse decline reject deny fail unable".split())
_UNWILLING = _REFUSING | {lemma(word) for word in "impossible unavailable unfortunately sorry afraid error".split()}
_SAYING = frozenset(map(lemma, "say tell state report explain mention inform answer reply write".split()))
_TRIED = frozenset(map(lemma, "try attempt".split()))
_CONDITIONS = frozenset("if whether before".split())
_LONGEST_SCOPE = 8
_NEAR = 0.75
_NEARLY_ALL = 0.8
_UNSURE = frozenset("if wish hope think thought whether maybe perhaps unless could would".split())
_FEWEST_WORDS = 2
_UNKNOWN = 3.0


def denial_features(text: str, talk: Talk, named: Mapping[str, int]) -> Iterator[tuple[Denial, Mapping[str, float]]]:
    """For each negation of a sentence, what speaks for it (more is better borne out)."""
    for denial in denials(text):
        yield denial, _denial(denial, talk, named)


def assertion_features(
    text: str, talk: Talk, named: Mapping[str, int]
) -> Iterator[tuple[Sequence[str], Mapping[str, float]]]:
    """For each clause of a sentence that denies nothing but meets a denial in the conversation, what speaks for it."""
    pieces = list(clauses(text))
    tells_failure = _tells_failure(text)
    denying = [not NEGATIONS.isdisjoint(piece.words) for piece in pieces]
    soft = [bool(NEGATIVE_WORDS & frozenset(map(lemma, piece.words))) for piece in pieces]
    for place, piece in enumerate(pieces):
        found = None if denying[place] else _assertion(piece, talk, named, tells_failure=tells_failure)
        if found:
            beside = {
                "denial beside": any(denying),
                "negative word beside": any(soft) and not soft[place],
            }
            yield piece.words, {**found, **beside}


def refuses_alone(text: str, talk: Talk) -> bool:
    """Whether a sentence tells of a refusal or a failure in a conversation that denies nothing at all."""
    refusing = any(lemma(word) in _REFUSING for word in plain_words(text))
    return refusing and not talk.negative and not any(one.content & _UNWILLING for one in talk.clauses)


def plainly_turned(text: str, talk: Talk, named: Mapping[str, int]) -> str | None:
    """Whether nearly all words of a clause stand together in the conversation with a `not` that it lacks, or without.

    Gives the words of the conversation's clause.
    """
    for piece in clauses(text):
        like = _alike(piece.words, talk, named, tells_failure=_tells_failure(text))
        negative = not NEGATIONS.isdisjoint(piece.words)
        opposite, nearest = like[not negative]
        if nearest is not None and opposite >= _NEARLY_ALL and opposite > like[negative][0]:
            return " ".join(nearest.words)
    return None


def plainly_said(words: Sequence[str], talk: Talk, named: Mapping[str, int]) -> bool:
    """Whether nearly all words of a clause stand together in the conversation, denied as they are here or not."""
    like = _alike(words, talk, named, tells_failure=False)
    negative = not NEGATIONS.isdisjoint(words)
    return like[negative][0] >= _NEARLY_ALL and like[negative][0] > like[not negative][0]


def _alike(
    words: Sequence[str], talk: Talk, named: Mapping[str, int], *, tells_failure: bool
) -> Mapping[bool, tuple[float, Clause | None]]:
    """The clause of the conversation that has most of these words, denied and not, with the share that it has."""
    like: dict[bool, tuple[float, Clause | None]] = {True: (0.0, None), False: (0.0, None)}
    told = _told(words, named) - _SAYING
    if len(told) < _FEWEST_WORDS:
        return like
    total = sum(talk.weight(word) or _UNKNOWN for word in told)
    for number, score in sorted(talk.scores(told).items()):
        one = talk.clauses[number]
        if one.record and tells_failure:
            continue
        if not one.asks and len(one.content) <= len(told) + 2 and _UNSURE.isdisjoint(one.words):
            denied = any(word in told and one.denies(place) for place, word in enumerate(one.stems))
            like[denied] = max(like[denied], (score / total, one), key=lambda found: found[0])
    return like


def _denial(denial: Denial, talk: Talk, named: Mapping[str, int]) -> Mapping[str, float]:
    found: dict[str, float] = defaultdict(float)
    scope = content([one for one in denial.scope if one not in named])[:_LONGEST_SCOPE]
    found["bias"] = 1
    found[f"marker {denial.marker}"] = 1
    found["reported"] = denial.predicate in _REPORTED
    found["state"] = denial.predicate in _STATES
    found.update(_after(denial.clause[denial.place - 1] if denial.place else ""))
    found["any"] = bool(talk.negative)
    found["dense"] = min(1.0, 3 * len(talk.negative) / max(1, len(talk.clauses)))
    found["covered"] = _covered(scope, talk.negative, talk)
    denied = _best(scope, talk.negative, talk)
    positive = [clause for clause in talk.clauses if not clause.negative]
    asserted = _best(scope, positive, talk)
    found["denied"], found["asserted"], found["more denied"] = (
        denied,
        asserted,
        denied - asserted,
    )
    for kind in ("be", "can", "will", "have"):
        found[f"after {kind} asserted"] = found[f"after {kind}"] * asserted
        found[f"after {kind} denied"] = found[f"after {kind}"] * denied
    whole = _told(denial.clause, named)
    found["clause denied"] = _best(whole, talk.negative, talk)
    found["clause asserted"] = _best(whole, positive, talk)
    found["nothing to compare"] = not any(talk.weight(word) for word in scope)
    places = talk.places.get(denial.predicate or "", [])
    share = _share_denied(places)
    found["seen"], found["seen denied"], found["ever denied"] = (
        bool(places),
        share,
        share > 0,
    )
    found["only asserted"] = bool(places) and not share
    near = _nearest_turns(content(denial.clause), talk)
    found["near"] = any(clause.turn in near for clause in talk.negative)
    found["answered"] = any(clause.turn - 1 in near for clause in talk.negative)
    said = {
        word
        for clause in talk.clauses
        for word in ("never", "ever", "anymore", "longer", "more")
        if word in clause.words
    }
    found["never said"] = denial.marker == "never" and not said & {"never", "ever"}
    found["no longer said"] = denial.marker == "no longer" and not said & {
        "anymore",
        "longer",
        "more",
    }
    return found


def _after(auxiliary: str) -> Mapping[str, float]:
    """What a negation stands behind."""
    found: dict[str, float] = {}
    found["after do"] = auxiliary in ("do", "does", "did")
    found["after be"] = auxiliary in ("is", "are", "was", "were", "am", "been")
    found["after can"] = auxiliary in ("can", "could")
    found["after will"] = auxiliary in (
        "will",
        "would",
        "should",
        "must",
        "might",
        "may",
    )
    found["after have"] = auxiliary in ("has", "have", "had")
    return found


def _own(
    clause: Sequence[str], scored: Sequence[tuple[float, Clause]], denying: set[int], asserted: float, total: float
) -> Mapping[str, float]:
    """Whether the side that a clause names denies it itself."""
    side = next((SIDE_WORDS[word] for word in clause if word in SIDE_WORDS), 0)
    own = max(
        (score for score, one in scored if one.number in denying and one.side == side),
        default=0.0,
    )
    return {"own denied": own / total, "own only denied": own > asserted}


def _tells_failure(text: str) -> bool:
    """Whether a sentence tells itself that something failed or was only tried: no record of that contradicts it."""
    words = frozenset(map(lemma, plain_words(text)))
    return bool(words & FAILING_WORDS or words & _TRIED) or not NEGATIONS.isdisjoint(plain_words(text))


def _assertion(
    piece: Piece, talk: Talk, named: Mapping[str, int], *, tells_failure: bool
) -> Mapping[str, float] | None:
    clause = piece.words
    words = _told(clause, named)
    total = sum(talk.weight(word) for word in words)
    if not total:
        return None
    scored = [
        (score, talk.clauses[number])
        for number, score in sorted(talk.scores(words).items())
        if not (talk.clauses[number].record and tells_failure)
    ]
    if not scored:
        return None
    denying = {one.number for _, one in scored if _denies_some(one, words) != one.denied}
    denied = max(
        (score for score, one in scored if one.number in denying),
        default=0.0,
    )
    asserted = max(
        (score for score, one in scored if one.number not in denying),
        default=0.0,
    )
    if not denied and not talk.negative:
        return None
    verbs = predicates(clause)
    shares = [_share_denied(talk.places[verb]) for verb in verbs if verb in talk.places]
    found: dict[str, float] = defaultdict(float)
    found["bias"] = 1
    found["denied"], found["asserted"], found["more denied"] = (
        denied / total,
        asserted / total,
        (denied - asserted) / total,
    )
    found["only denied"], found["tie"] = denied > asserted, denied == asserted
    found["verb denied"] = max(shares, default=0.0)
    found["verb always denied"] = found["verb denied"] == 1
    best = max(denied, asserted)
    found["verb denied nearest"] = any(
        place_of.denies(place) and sum(talk.weight(word) for word in words & place_of.content) >= 0.99 * best
        for verb in verbs
        for place_of, place in talk.places.get(verb, ())
    )
    last = [one for score, one in scored if score >= _NEAR * best][-1]
    found["last denied"] = last.number in denying
    found["negative word"] = bool(words & NEGATIVE_WORDS)
    found.update(_form(piece))
    found.update(_own(clause, scored, denying, asserted, total))
    for name in ("but", "because", "how"):
        found[f"{name} denied"] = found[f"after {name}"] * found["denied"]
    soft = max((score for score, one in scored if one.content & NEGATIVE_WORDS), default=0.0)
    found["soft"] = soft / total
    found["state"] = not _STATES.isdisjoint(verbs)
    found["reported"] = not _REPORTED.isdisjoint(verbs)
    found["length"] = min(len(words), 8) / 8
    for name in ("can", "state", "reported", "emphatic"):
        found[f"{name} only denied"] = found[name] * found["only denied"]
        found[f"{name} verb denied"] = found[name] * found["verb denied"]
    return found


def _form(piece: Piece) -> Mapping[str, float]:
    """How a clause is put: what leads into it, and its auxiliaries."""
    clause = piece.words
    found: dict[str, float] = {}
    found["can"] = not {"can", "could"}.isdisjoint(clause)
    found["emphatic"] = _is_emphatic(clause)
    found["unlicensed"] = not _ONLY_DENIED.isdisjoint(clause) and _CONDITIONS.isdisjoint(clause)
    found["after but"] = piece.lead in ("but", "although", "though", "while")
    found["after because"] = piece.lead in ("because", "since", "so")
    found["after how"] = piece.lead in ("how", "what", "why", "where")
    found["after who"] = piece.lead in ("who", "which")
    found["infinitive"] = clause[0] == "to"
    found["be"] = not {"is", "are", "was", "were"}.isdisjoint(clause)
    found["will"] = not {"will", "would", "should", "must"}.isdisjoint(clause)
    found["perfect"] = not {"has", "have", "had"}.isdisjoint(clause)
    return found


def _denies_some(clause: Clause, words: Collection[str]) -> bool:
    """Whether some of these stems stand behind a negation of the clause; what stands before it is not denied."""
    if not clause.negations:
        return False
    return any(word in words for word in clause.stems[clause.negations[0] :])


def _told(words: Sequence[str], named: Mapping[str, int]) -> set[str]:
    """What a clause tells, as stems; those who speak are not named by themselves but say `I`."""
    return set(content([word for word in words if word.removesuffix("'s") not in named]))


def _is_emphatic(clause: Sequence[str]) -> bool:
    """Whether it says `does know` where `knows` would do, as one does against a denial."""
    return any(one in ("do", "does", "did") and following.isalpha() for one, following in pairwise(clause))


def _covered(words: Collection[str], pool: Sequence[Clause], talk: Talk) -> float:
    total = sum(talk.weight(word) for word in set(words))
    held = sum(talk.weight(word) for word in set(words) if any(word in clause.content for clause in pool))
    return held / total if total else 0.0


def _best(words: Collection[str], pool: Sequence[Clause], talk: Talk) -> float:
    total = sum(talk.weight(word) for word in set(words))
    if not total:
        return 0.0
    scores = talk.scores(set(words))
    return max((scores.get(one.number, 0.0) for one in pool), default=0.0) / total


def _share_denied(places: Sequence[tuple[Clause, int]]) -> float:
    return sum(clause.denies(place) for clause, place in places) / len(places) if places else 0.0


def _nearest_turns(words: Collection[str], talk: Talk) -> set[int]:
    by_turn: dict[int, float] = defaultdict(float)
    for number, score in talk.scores(set(words)).items():
        turn = talk.clauses[number].turn
        by_turn[turn] = max(by_turn[turn], score)
    best = max(by_turn.values(), default=0.0)
    return {turn for turn, score in by_turn.items() if best and score >= _NEAR * best}
