"""Reads interactions and sentences into clauses: their words, who acts in them, and what they deny."""

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, cast

from app.budget import spend
from app.caching import text_cache
from app.language.sentences import sentences
from app.language.steps import says_it_failed
from app.language.words import STOP_WORDS, stem
from app.models import Actor, Interaction, Kind, Outcome

CUSTOMER, STAFF, NOBODY = 1, -1, 0
MOST_CHARACTERS = 8000
MOST_RECORDED = 2 * MOST_CHARACTERS
SIDE_WORDS = {
    **dict.fromkeys(("customer", "caller", "client", "shopper", "cardholder"), CUSTOMER),
    **dict.fromkeys(("agent", "bot", "assistant", "representative", "advisor", "staff"), STAFF),
}
NEGATIONS = frozenset("not no never none nothing nobody nowhere neither nor without unable hardly barely".split())
NEGATIVE_WORDS = frozenset(
    stem(word)
    for word in """refuse decline reject deny fail lack avoid miss forget stop unavailable impossible dislike hate
    disagree unsuccessful unfortunately unwilling dissatisfied unsatisfied unhappy unfamiliar uncomfortable unaware
    unsure unclear wrong closed sold broken lose lost doubt against regret""".split()
)
"""They say `not` without saying it."""
FAILING_WORDS = frozenset(
    stem(word)
    for word in """fail abandon decline reject refuse error unsuccessful unable impossible stop break crash unavailable
    interrupt deny problem trouble lose stick""".split()
)
"""They tell of a step that was not done."""
BE = frozenset("is are was were am been be being get gets got".split())
IRREGULAR: Mapping[str, str] = {
    past: verb
    for verb, forms in {
        "pay": "paid",
        "send": "sent",
        "tell": "told",
        "say": "said",
        "buy": "bought",
        "go": "went gone",
        "take": "took taken",
        "give": "gave given",
        "make": "made",
        "find": "found",
        "leave": "left",
        "lose": "lost",
        "keep": "kept",
        "hold": "held",
        "come": "came",
        "see": "saw seen",
        "write": "wrote written",
        "break": "broke broken",
        "speak": "spoke spoken",
        "choose": "chose chosen",
        "meet": "met",
        "sell": "sold",
        "bring": "brought",
        "think": "thought",
        "feel": "felt",
        "hear": "heard",
        "begin": "began begun",
        "know": "knew known",
        "grow": "grew grown",
        "drive": "drove driven",
        "fly": "flew flown",
        "ring": "rang rung",
        "steal": "stole stolen",
        "forget": "forgot forgotten",
        "spend": "spent",
        "lend": "lent",
        "build": "built",
        "catch": "caught",
        "teach": "taught",
        "win": "won",
        "sit": "sat",
        "stand": "stood",
        "understand": "understood",
        "fall": "fell fallen",
        "eat": "ate eaten",
        "drink": "drank drunk",
        "sleep": "slept",
        "wear": "wore worn",
        "throw": "threw thrown",
        "freeze": "froze frozen",
        "mean": "meant",
        "deal": "dealt",
        "shake": "shook shaken",
        "swear": "swore sworn",
        "lead": "led",
        "hide": "hid hidden",
    }.items()
    for past in forms.split()
}
_BREAKS = frozenset(", ; : . ! ? and but because so although while then since which though or".split())
_CARRIES_ON = frozenset((",", "and", "or"))
# Said with a `not` that denies nothing: questions of courtesy, tags, reassurance.
_NOT_DENIED = re.compile(
    r"\b(?:why (?:do not|not)|not only|no (?:problem|doubt|wonder|matter|thanks?|thank)"
    r"|do not (?:worry|mention it|mind)"
    r"|can not wait|not bad|never mind|of course not|nothing but|(?:would|do) you (?:not )?mind|whether or not"
    r"|(?:is|are|was|do|does|did|have|has|will|can|could|would) not (?:i|you|he|she|it|we|they|that|there)\b"
    r"|(?:do|did|have|are|can|would|will|is|could) you not)\b"
)
_APOSTROPHE = re.compile(r"\s?['’`]\s?(?=(?:t|s|m|re|ve|ll|d)\b)", re.IGNORECASE)
_LONG_FORMS = (
    (re.compile(r"\bcan(?:'t|not)\b"), "can not"),
    (re.compile(r"\bwon't\b"), "will not"),
    (re.compile(r"n't\b"), " not"),
    (re.compile(r"'ll\b"), " will"),
    (re.compile(r"'m\b"), " am"),
    (re.compile(r"'re\b"), " are"),
    (re.compile(r"'ve\b"), " have"),
    (re.compile(r"\b(it|that|there|he|she|what|here|let)'s\b"), r"\1 is"),
    (re.compile(r"'d\b"), " would"),
)
_TITLE = re.compile(r"\b(mr|mrs|ms|dr|prof|st)\.(?=\s)")
_WORD = re.compile(r"[$€£]?\w+(?:[-./@:,](?=\w)\w+)*(?:'s)?|[,;:.!?]")
_DENIAL = frozenset("no nope never not nein non".split())
_HEDGES = frozenset("i we it he she they sorry well unfortunately actually there".split())


@text_cache(maxsize=16384)
def lemma(word: str) -> str:
    """The stem of a word by which a sentence is compared with its evidence: `paid` and `pays` have the same."""
    return stem(IRREGULAR.get(word, word))


class Clause(NamedTuple):
    """A piece of what was said: `acting` tells for each word who does it, by the pronoun before it (I, you).

    A `record` is a step or what a tool told, with a `not` before one that went wrong.
    """

    number: int
    words: tuple[str, ...]
    stems: tuple[str, ...]
    content: frozenset[str]
    acting: tuple[int, ...]
    negations: tuple[int, ...]
    side: int
    turn: int
    sentence: int
    asks: bool
    denied: bool
    record: bool = False

    @property
    def negative(self) -> bool:
        """Whether it denies something: with a `not` of its own, or as a question that is answered with no."""
        return bool(self.negations) or self.denied

    def denies(self, place: int) -> bool:
        """Whether the word at this place is denied."""
        return self.denied != any(0 < place - negation <= _SCOPE for negation in self.negations)


_SCOPE = 4
_NEAREST = 0.9


class _Part(NamedTuple):
    words: tuple[str, ...]
    stems: tuple[str, ...]
    content: frozenset[str]
    acting: tuple[int, ...]
    negations: tuple[int, ...]
    sentence: int
    asks: bool


class Talk:
    """Interactions as clauses, with where each word stands and how much it tells."""

    def __init__(self, interactions: Sequence[Interaction]) -> None:
        self.interactions = interactions
        self.clauses = tuple(_clauses(interactions))
        self.places: dict[str, list[tuple[Clause, int]]] = defaultdict(list)
        spread: dict[str, set[int]] = defaultdict(set)
        for number, clause in enumerate(self.clauses):
            for place, word in enumerate(clause.stems):
                self.places[word].append((clause, place))
                spread[word].add(number)
        # The more clauses have a word, the less it tells (inverse document frequency).
        self._weights = {
            word: math.log((len(self.clauses) + 1) / (len(clauses) + 0.5)) for word, clauses in spread.items()
        }
        self._holding: dict[str, tuple[int, ...]] = {}
        self.negative = tuple(clause for clause in self.clauses if clause.negative)
        self.said = tuple(
            (side_of(one), one.text[:MOST_CHARACTERS]) for one in interactions if one.kind is Kind.MESSAGE
        )
        # Filled by those who ask first: how each side speaks, and the proper names.
        self.manners: dict[str, float] = {}
        self.names: frozenset[str] | None = None

    def weight(self, word: str) -> float:
        """How much a stem tells: the rarer, the more (inverse document frequency); 0 when it does not occur."""
        return self._weights.get(word, 0.0)

    def scores(self, words: Iterable[str]) -> Mapping[int, float]:
        """For each clause that has some of these stems, by its number, how much they tell together."""
        spend()
        found: dict[int, float] = defaultdict(float)
        for word in sorted(words):
            weight = self.weight(word)
            if weight:
                for number in self._numbers(word):
                    found[number] += weight
        return found

    def nearest(self, words: Iterable[str]) -> Sequence[Clause]:
        """The clauses that share most with these stems."""
        scores = self.scores(set(words))
        least = _NEAREST * max(scores.values(), default=0.0)
        return [self.clauses[number] for number, score in scores.items() if score >= least]

    def _numbers(self, word: str) -> tuple[int, ...]:
        """The clauses that have this stem, but not where it is that of a stop word."""
        if word not in self._holding:
            numbers = dict.fromkeys(clause.number for clause, _ in self.places[word] if word in clause.content)
            self._holding[word] = tuple(numbers)
        return self._holding[word]


def plain_words(text: str) -> tuple[str, ...]:
    """The words of a text in order, lower-cased, with the long forms of `can't` and the like; stops are words too."""
    return _plain_words(text[:MOST_CHARACTERS])


@text_cache(maxsize=8192)
def _plain_words(text: str) -> tuple[str, ...]:
    return tuple(_WORD.findall(_long_forms(text).replace(" – ", " , ")))


def recorded(one: Interaction) -> Iterator[str]:
    """Everything but the text that an interaction says of itself, in words."""
    if one.name:
        yield re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[_\-.]+", " ", one.name)
    if one.outcome:
        yield one.outcome.value
    if one.kind is not Kind.MESSAGE:
        yield f"{one.actor.value} {one.channel.value}"
    written = 0
    for leaf in _leaves(dict(one.data)):
        yield leaf[:MOST_RECORDED]
        written += len(leaf) + 1
        if written > MOST_RECORDED:
            return


def side_of(one: Interaction) -> int:
    """Whose side an interaction is from; what a system says counts for the staff."""
    return CUSTOMER if one.actor is Actor.CUSTOMER else STAFF


def went_wrong(one: Interaction) -> bool:
    """Whether it tells of a step that was not done."""
    return says_it_failed(one) or one.outcome is Outcome.ABANDONED


def _clauses(interactions: Sequence[Interaction]) -> Iterator[Clause]:
    read: list[Sequence[_Part]] = []
    for one in interactions:
        spend()
        read.append(_parts_of(one))
    sentence = number = 0
    for turn, (one, parts) in enumerate(zip(interactions, read, strict=True)):
        following = read[turn + 1] if turn + 1 < len(read) else ()
        answered_no = bool(parts) and parts[-1].asks and _is_denial(following)
        side = side_of(one)
        for part in parts:
            yield Clause(
                number=number,
                words=part.words,
                stems=part.stems,
                content=part.content,
                acting=tuple(side * who for who in part.acting),
                negations=part.negations,
                side=side,
                turn=turn,
                sentence=sentence + part.sentence,
                asks=part.asks,
                denied=answered_no and part.sentence == parts[-1].sentence,
                record=one.kind is not Kind.MESSAGE,
            )
            number += 1
        sentence += parts[-1].sentence + 1 if parts else 1


def _parts_of(one: Interaction) -> tuple[_Part, ...]:
    if one.kind is Kind.MESSAGE:
        return _parts(one.text[:MOST_CHARACTERS])
    return (
        _record(
            " ".join((*recorded(one), one.text[:MOST_CHARACTERS])),
            wrong=went_wrong(one),
        ),
    )


@text_cache(maxsize=1024)
def _record(text: str, *, wrong: bool) -> _Part:
    """What a step or a tool tells, as one clause; what went wrong is denied."""
    words = plain_words(text)
    return _part(("not", *words) if wrong else words, 0, 0, asks=False)


def _is_denial(parts: Sequence[_Part]) -> bool:
    if not parts:
        return False
    first = parts[0]
    return first.words[0] in _DENIAL or (bool(first.negations) and first.words[0] in _HEDGES)


@text_cache(maxsize=4096)
def _parts(text: str) -> tuple[_Part, ...]:
    """The clauses of one text; in `acting`, 1 is who speaks and -1 who is spoken to."""
    found: list[_Part] = []
    for number, sentence in enumerate(sentences(text)):
        asks = sentence.rstrip().endswith("?")
        who = 0
        for words in _split(plain_words(sentence)):
            part = _part(words, number, who, asks=asks)
            who = part.acting[-1]
            found.append(part)
    return tuple(found)


def _part(words: Sequence[str], sentence: int, who: int, *, asks: bool) -> _Part:
    acting: list[int] = []
    for word in words:
        if word in ("i", "we"):
            who = 1
        elif word == "you":
            who = -1
        elif word in ("he", "she", "they", "it", "this", "that", "there", "let"):
            who = 0
        acting.append(who)
    stems = tuple(lemma(word) for word in words)
    return _Part(
        words=tuple(words),
        stems=stems,
        content=frozenset(one for one, word in zip(stems, words, strict=True) if word not in STOP_WORDS),
        acting=tuple(acting),
        negations=tuple(_negations(words)),
        sentence=sentence,
        asks=asks,
    )


def _negations(words: Sequence[str]) -> Iterator[int]:
    if not NEGATIONS.intersection(words):
        return
    excused = _NOT_DENIED.sub(lambda match: " ".join("_" for _ in match.group().split()), " ".join(words)).split(" ")
    for place, word in enumerate(excused):
        if word in NEGATIONS:
            yield place


def _split(words: Sequence[str]) -> Iterator[Sequence[str]]:
    """Cut at commas and conjunctions, except where what stands before them says nothing by itself."""
    current: list[str] = []
    for word in words:
        if word not in _BREAKS:
            current.append(word)
        elif current and not (word in _CARRIES_ON and current != ["no"] and all(one in STOP_WORDS for one in current)):
            yield current
            current = []
    if current:
        yield current


def _long_forms(text: str) -> str:
    text = _APOSTROPHE.sub("'", text).lower()
    if "'" in text or "cannot" in text:
        for short, long in _LONG_FORMS:
            text = short.sub(long, text)
    return _TITLE.sub(r"\1", text)


def _leaves(value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, inner in cast(Mapping[str, Any], value).items():
            yield str(key).replace("_", " ")
            yield from _leaves(inner)
    elif isinstance(value, list | tuple):
        for inner in cast(Iterable[Any], value):
            yield from _leaves(inner)
    elif value is not None:
        yield str(value)
