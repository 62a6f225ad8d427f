"""What is read off one message: worked out once, filed beside the interaction, and read by every room.

An analysis holds what takes long and depends on nothing but the text and who wrote it. Where a sentence stands in the
talk is added when it is read. `analysis_of` gives that of an interaction: the filed one, unless another version of the
analyser made it, or else a new one.
"""

from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property, wraps
from hashlib import sha256
from struct import pack, unpack
from typing import Any, NamedTuple, TypeVar, cast

from pydantic_core import from_json, to_json

from app.models import Actor, Interaction
from app.nlu.classifier import ACTS, MOODS, TRAITS, WEIGHTS, OwnScores, SentenceReading, own_scores, reading_in
from app.nlu.dialogue_acts import SpeechAct, customer_act, staff_act
from app.nlu.features import Setting
from app.nlu.fluency import as_judged
from app.nlu.human_request import asks_for_person
from app.nlu.identifiers import TYPES, Mention, mentions
from app.nlu.letter_lines import WEIGHTS as LINE_WEIGHTS
from app.nlu.quotations import Part, own_words, parts
from app.nlu.read_rows import as_read
from app.nlu.reply_moves import Reply, TurnEffect, reply_of, turn_of
from app.nlu.sentences import sentences
from app.nlu.sentiment import feeling
from app.nlu.tables import LOCALES
from app.nlu.unread_languages import FOLDER as UNREAD
from app.nlu.words import terms, tokens

Result = TypeVar("Result")

ANALYSER = 5
"""Raise it whenever changed code is to analyse the same text otherwise."""
LONGEST_ANALYSED = 12_000
"""So many characters of a text are read at once; an analysis of a longer one would serve nobody."""
_COLUMNS = len(ACTS) + len(MOODS) + len(TRAITS)
_SCORES = f"<{_COLUMNS}hHBH"
_SPEECH_ACTS, _REPLIES, _TURNS = tuple(SpeechAct), tuple(Reply), tuple(TurnEffect)
_MOST_SUMMED = 0x7FFF
# An analysis of a text takes at most so many characters, and so many for each of the text's own.
_LEAST_ROOM, _MOST_SHARE = 2048, 4


@cache
def analyser_version() -> str:
    """What made an analysis: the code by its number, the weights and the tables of the languages by their content."""
    files = [WEIGHTS, LINE_WEIGHTS, *sorted(LOCALES.glob("*/*.toml")), *sorted(UNREAD.glob("*.toml"))]
    return f"{ANALYSER}.{sha256(b''.join(file.read_bytes() for file in files)).hexdigest()[:12]}"


@dataclass(frozen=True, eq=False)
class AnalysedSentence:
    """A sentence of a message: its scores wherever it stands, and its terms.

    `pasted` tells that it was said elsewhere.
    """

    text: str
    scores: OwnScores
    terms: tuple[str, ...]
    pasted: bool = False
    _readings: dict[Setting, SentenceReading] = field(default_factory=dict[Setting, SentenceReading], repr=False)

    def reading(self, setting: Setting) -> SentenceReading:
        """What the classifiers make of it in a setting of the side that wrote it; worked out once for each."""
        reading = self._readings.get(setting)
        if reading is None:
            reading = self._readings[setting] = reading_in(self.scores, setting)
        return reading


class _Filed(NamedTuple):
    """The JSON in which an analysis is filed, in the order of its values."""

    version: str
    spoken: Sequence[Any]
    pasted: Sequence[int]
    scores: str
    whole: Sequence[Any] | None
    acts: Sequence[int]
    terms: str
    split: Sequence[Any]
    mentions: Sequence[int]
    replies: int
    turns: int
    feeling: float
    asks: int


@dataclass(frozen=True, eq=False)
class Analysis:
    """What is read off one text, by who wrote it: each part as it was filed, or else worked out when it is first asked.

    A customer has `replies` and a `feeling`, a message of ours has `turns`; the other side has none.
    """

    text: str
    by_customer: bool
    filed: _Filed | None = field(default=None, repr=False)

    @cached_property
    def spoken(self) -> tuple[AnalysedSentence, ...]:
        """The sentences of its parts, in order, with what was pasted."""
        return tuple(
            _spoken(self.text, by_customer=self.by_customer) if self.filed is None else self._spoken(self.filed)
        )

    @cached_property
    def own(self) -> str:
        """What its writer says: the text without what is pasted."""
        return own_words(self.text) if self.by_customer else self.text

    @cached_property
    def sentences(self) -> tuple[str, ...]:
        """The sentences of what its writer says."""
        if self.filed is None:
            return sentences(self.own)
        return _texts(self.filed.spoken if self.filed.whole is None else self.filed.whole, self.text)

    @cached_property
    def acts(self) -> tuple[SpeechAct, ...]:
        """What each of `sentences` does, by the rules for its side."""
        if self.filed is None:
            return tuple(map(customer_act if self.by_customer else staff_act, self.sentences))
        return tuple(_SPEECH_ACTS[number] for number in self.filed.acts)

    @cached_property
    def terms(self) -> tuple[str, ...]:
        """What the text is about."""
        if self.filed is None:
            return terms(self.text)
        return tuple(self.filed.terms.split(" ")) if self.filed.terms else ()

    @cached_property
    def terms_by_sentence(self) -> tuple[tuple[str, ...], ...]:
        """What each of `sentences` is about."""
        if self.filed is None or self.filed.whole is not None:
            return tuple(map(terms, self.sentences))
        return tuple(_joined(self.filed.split, self.terms))

    @cached_property
    def mentions(self) -> tuple[Mention, ...]:
        """The names of things in it."""
        return mentions(self.text) if self.filed is None else tuple(_mentions(self.filed.mentions, self.text))

    @cached_property
    def replies(self) -> frozenset[Reply]:
        """The moves of a customer's message."""
        if self.filed is None:
            return reply_of(self.own) if self.by_customer else frozenset()
        return frozenset(reply for index, reply in enumerate(_REPLIES) if self.filed.replies & 1 << index)

    @cached_property
    def turns(self) -> frozenset[TurnEffect]:
        """What a message of ours leaves the customer with."""
        if self.filed is None:
            return frozenset() if self.by_customer else turn_of(self.own)
        return frozenset(turn for index, turn in enumerate(_TURNS) if self.filed.turns & 1 << index)

    @cached_property
    def feeling(self) -> float:
        """How a customer's words feel."""
        if self.filed is None:
            return feeling(self.own) if self.by_customer else 0.0
        return self.filed.feeling

    @cached_property
    def asks_for_person(self) -> bool:
        """Whether a customer asks for a person, whatever was said before."""
        if self.filed is None:
            return self.by_customer and asks_for_person(self.own)
        return bool(self.filed.asks)

    @cached_property
    def words(self) -> frozenset[str]:
        """Every word, in lower case."""
        return frozenset(tokens(self.own))

    @cached_property
    def subjects(self) -> frozenset[str]:
        """Its terms, each once."""
        return frozenset(self.terms)

    def _spoken(self, filed: _Filed) -> Iterator[AnalysedSentence]:
        own, scores, pasted = _texts(filed.spoken, self.text), b64decode(filed.scores), set(filed.pasted)
        size = len(scores) // len(own) if own else 0
        for index, (sentence, own_terms) in enumerate(zip(own, _joined(filed.split, self.terms), strict=True)):
            own_scores = _unpacked(scores[index * size : (index + 1) * size])
            yield AnalysedSentence(sentence, own_scores, own_terms, index in pasted)


def analyse(text: str, *, by_customer: bool) -> Analysis:
    """Read a message that a customer, or else somebody of our side, wrote."""
    return Analysis(text, by_customer)


def analysis_of(row: Interaction) -> Analysis:
    """The analysis of what is read of an interaction: the filed one where it is of this version, else made once."""
    row = as_read(row)
    present = getattr(row, "analysis", None)
    if isinstance(present, Analysis):
        return present
    by_customer = row.actor is Actor.CUSTOMER
    made = filed_analysis(present, row.text, by_customer=by_customer) if isinstance(present, str) else None
    made = made or analyse(row.text, by_customer=by_customer)
    object.__setattr__(row, "analysis", made)
    return made


def once_per_row(work: Callable[[Interaction], Result]) -> Callable[[Interaction], Result]:
    """Decorator: what a function makes of an interaction is worked out once, and goes with it."""

    @wraps(work)
    def answer(row: Any) -> Result:
        try:
            return row.memo[work]
        except (AttributeError, TypeError, KeyError):
            return _work_out(row)

    def _work_out(row: Interaction) -> Result:
        memo = getattr(row, "memo", None)
        if memo is None:
            memo = dict[object, Any]()
            object.__setattr__(row, "memo", memo)
        memo[work] = result = work(row)
        return result

    return answer


def is_current(row: Interaction) -> bool:
    """Whether the interaction was read from the ledger with an analysis of this version."""
    present = getattr(row, "analysis", None)
    return isinstance(present, str) and present.startswith(f'["{analyser_version()}"')


def to_file(analysis: Analysis) -> str | None:
    """An analysis as it is filed beside its text; None where it is out of all proportion."""
    spoken, text = analysis.spoken, analysis.text
    own = [sentence.text for sentence in spoken]
    if any(abs(total) > _MOST_SUMMED for sentence in spoken for total in sentence.scores.sums):
        return None
    filed = _Filed(
        version=analyser_version(),
        spoken=_spans(own, text),
        pasted=[index for index, sentence in enumerate(spoken) if sentence.pasted],
        scores=b64encode(b"".join(map(_packed, spoken))).decode(),
        whole=None if own == list(analysis.sentences) else _spans(analysis.sentences, text),
        acts=[_SPEECH_ACTS.index(act) for act in analysis.acts],
        terms=" ".join(analysis.terms),
        split=_split([sentence.terms for sentence in spoken], analysis.terms),
        mentions=[number for mention in analysis.mentions for number in _placed(mention)],
        replies=sum(1 << _REPLIES.index(reply) for reply in analysis.replies),
        turns=sum(1 << _TURNS.index(turn) for turn in analysis.turns),
        feeling=analysis.feeling,
        asks=int(analysis.asks_for_person),
    )
    value = to_json(filed).decode()
    return value if len(value) <= _LEAST_ROOM + _MOST_SHARE * len(text) else None


def filed_analysis(value: str, text: str, *, by_customer: bool) -> Analysis | None:
    """The analysis that was filed beside a text; None where another version of the analyser made it."""
    if not value.startswith(f'["{analyser_version()}"'):
        return None
    return Analysis(text, by_customer, _Filed(*from_json(value)))


def _spoken(text: str, *, by_customer: bool) -> Iterator[AnalysedSentence]:
    pieces: Sequence[Part] = parts(text, may_hold_talk=by_customer)
    for part in pieces:
        for sentence in sentences(part.text):
            scores = own_scores(as_judged(sentence, by_customer=by_customer), by_customer=by_customer)
            yield AnalysedSentence(sentence, scores, terms(sentence), part.pasted)


def _packed(sentence: AnalysedSentence) -> bytes:
    sums, features, length, shared = sentence.scores
    return pack(_SCORES, *sums, features, length, shared)


def _unpacked(scores: bytes) -> OwnScores:
    *sums, features, length, shared = unpack(_SCORES, scores)
    return OwnScores(tuple(sums), features, length, shared)


def _spans(pieces: Sequence[str], text: str) -> list[Any]:
    """Where each piece stands: how far behind the last, and how long; the piece itself where it is not in the text."""
    spans: list[Any] = []
    end = 0
    for piece in pieces:
        start = text.find(piece, end)
        if start < 0:
            spans.append(piece)
            continue
        spans.extend((start - end, len(piece)))
        end = start + len(piece)
    return spans


def _texts(spans: Sequence[Any], text: str) -> tuple[str, ...]:
    pieces: list[str] = []
    end, values = 0, iter(spans)
    for value in values:
        if isinstance(value, str):
            pieces.append(value)
            continue
        start = end + value
        end = start + next(values)
        pieces.append(text[start:end])
    return tuple(pieces)


def _split(own: Sequence[tuple[str, ...]], together: tuple[str, ...]) -> list[Any]:
    """How many of all the terms each sentence has, in order; its own where it has others."""
    split: list[Any] = []
    start = 0
    for these in own:
        if together[start : start + len(these)] == these:
            split.append(len(these))
            start += len(these)
        else:
            split.append(these)
    return split


def _joined(split: Sequence[Any], together: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    start = 0
    for these in split:
        if isinstance(these, int):
            yield together[start : start + these]
            start += these
        else:
            yield tuple(cast(list[str], these))


def _placed(mention: Mention) -> tuple[int, int, int]:
    return TYPES.index(mention.type), mention.start, mention.end


def _mentions(numbers: Sequence[int], text: str) -> Iterator[Mention]:
    places = iter(numbers)
    for kind, start, end in zip(places, places, places, strict=True):
        yield Mention(TYPES[kind], text[start:end], start, end)
