"""Takes a model's answer apart: every sentence with the field it stands in, the lines it cites and the words of them.

What may not be shown whatever bears it out is refused here, before anybody checks it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from app.briefs.llm.output import HEADLINE_CHARACTERS, OPENING_WORDS, Answer, Citation, Named, Promised, Told
from app.briefs.llm.quotes import standing
from app.briefs.llm.screening import Screen, asks_for_secret, leads_elsewhere, written
from app.models import Actor, Evidence, Interaction, Quote, Statement, Transcript
from app.nlu.dialogue_acts import SpeechAct, customer_act, foreign_act, is_english, staff_act, without_lead_in
from app.nlu.identifiers import canonical, mentions
from app.nlu.promises import promise_in
from app.nlu.sentences import sentences
from app.nlu.words import terms

NO_LINE = "it cites no interaction of this customer"
CLAIMS = ("headline", "contact_reason", "situation", "customer_expectation", "commitments")
"""The fields whose sentences are claims; those of custom sections are, too."""
SECTION = "custom_sections."
_COURTESIES = (SpeechAct.GREETING, SpeechAct.THANKS, SpeechAct.APOLOGY)
_SERVING = (Actor.AGENT.value, Actor.BOT.value)
_SHORT_ID = re.compile(r"\bt\d+\b")
_FIGURE = re.compile(r"(?<!\w)[^\W\d]{0,40}+\d(?:[\w.,:/-]{0,80}\w)?")
_NUMBER = re.compile(r"\d{1,12}(?:[.,]\d{3}){0,4}(?:[.,]\d{1,2})?(?!\d)")
# What somebody will do: `I need to know where it will go` binds nobody.
_PLEDGE = re.compile(
    r"\b(?:i|we|you)(?:['’]ll| will| shall|(?: am| are|['’]m|['’]re) going to)\b|\b(?:i|we) promise\b|\brest assured"
    r"|\b(?:i|we)(?:['’]ve| have) (?:booked|scheduled|arranged)\b",
    re.IGNORECASE,
)
_FEWEST_WORDS = 2
_MOST = 0.5
# In seven languages; `no problem` and `no later than` deny nothing.
_NEGATION = re.compile(
    r"\b(?:not|cannot|never|nobody|none|nothing|neither|nor|nicht|kein\w{0,2}|nie|niemals|ne|pas|jamais|nunca|jamás"
    r"|não|nem|mai|niet|geen|nooit|no(?! problem\b| worries\b| later\b| matter\b))\b|n['’]t\b|\bnon\b",
    re.IGNORECASE,
)
_STATE = re.compile(
    r"\b(?:is|are|was|were|has|had|ist|sind|war|waren|est|sont|était|está|están|era|è|sono|são|zijn)\b(?! going to\b)",
    re.IGNORECASE,
)
_CLAUSE_ENDS = re.compile(r"[;,–—:] ")
_SHORTEST_HEADLINE = 40


@dataclass(frozen=True, slots=True)
class Piece:
    """One sentence of an answer, or one value: where it stands, and what it rests on.

    `refusal` says why it may not be shown; such a piece is not checked. `origin` is the part of the answer it is of.
    """

    field: str
    text: str
    evidence: Evidence = ()
    quotes: tuple[Quote, ...] = ()
    refusal: str | None = None
    origin: Told | Named | None = None
    by: Actor | None = None
    due: str | None = None

    @property
    def statement(self) -> Statement:
        """What is to be checked."""
        return Statement(text=self.text, evidence=self.evidence, quotes=self.quotes)


@dataclass(frozen=True, slots=True)
class Layout:
    """An answer in pieces, what they are checked against, and the opening as it would be said."""

    pieces: tuple[Piece, ...]
    screen: Screen
    opening: str | None = None

    @property
    def to_check(self) -> tuple[Piece, ...]:
        """The pieces that somebody must judge."""
        return tuple(piece for piece in self.pieces if piece.refusal is None)

    @property
    def transcript(self) -> Transcript:
        """The lines that were shown, without what in them addresses a machine."""
        return Transcript(interactions=tuple(self.screen.lines.values()))


def lay_out(answer: Answer, shown: Mapping[str, Interaction], sections: Iterable[str], instructions: str) -> Layout:
    """The answer in pieces. `shown` are the interactions by the ids it cites; `instructions` are the model's own."""
    screen = Screen(shown, instructions)
    reader = _AnswerReader(screen)
    opening = answer.suggested_opening.strip() if answer.suggested_opening else None
    return Layout(tuple(reader.pieces(answer, frozenset(sections))), screen, opening)


def asserted_in(opening: str) -> list[str]:
    """What an agent's first words assert of the case: neither courtesies nor questions."""
    return [sentence for sentence in _said_in(opening) if not _asks(sentence)]


def line_cited(citation: Citation, lines: Mapping[str, Interaction]) -> Interaction | None:
    """The line that a citation means: `t3`, whatever the model wrote around it."""
    match = _SHORT_ID.search(citation.id)
    return lines.get(match.group()) if match else None


def quotes_of(citations: Sequence[Citation], lines: Mapping[str, Interaction]) -> tuple[Quote, ...]:
    """The quotations that stand in the lines they are of, as they stand there; the others are struck out."""
    quotes: dict[tuple[str, str], Quote] = {}
    for citation in citations:
        line = line_cited(citation, lines)
        words = standing(citation.quote, line) if line is not None and citation.quote else None
        if line is not None and words:
            quote = Quote(interaction_id=line.interaction_id, text=words)
            quotes[quote.interaction_id, quote.text] = quote
    return tuple(quotes.values())


class _AnswerReader:
    def __init__(self, screen: Screen) -> None:
        self._screen = screen

    def pieces(self, answer: Answer, sections: frozenset[str]) -> Iterator[Piece]:
        if answer.headline:
            yield self._headline(answer.headline)
        if answer.contact_reason:
            yield from self._sentences("contact_reason", answer.contact_reason)
        for statement in answer.situation:
            yield from self._sentences("situation", statement)
        if answer.customer_expectation:
            yield from self._sentences("customer_expectation", answer.customer_expectation)
        yield from map(self._promise, answer.commitments)
        yield from map(self._question, answer.open_questions)
        yield from map(self._entity, answer.entities)
        if answer.suggested_opening:
            yield from self._opening(answer.suggested_opening)
        for section in answer.custom_sections:
            if section.name in sections:
                for statement in section.statements:
                    yield from self._sentences(SECTION + section.name, statement)

    def _headline(self, statement: Told) -> Piece:
        text = _short_enough(statement.text.strip().rstrip("."))
        return self._piece("headline", text or statement.text, statement, None if text else "it is longer than a line")

    def _sentences(self, field: str, statement: Told) -> Iterator[Piece]:
        refusal = self._screen.objection(statement.text)
        for text in (statement.text,) if refusal else sentences(statement.text):
            yield self._piece(field, text, statement, refusal)

    def _piece(self, field: str, text: str, statement: Told, refusal: str | None) -> Piece:
        evidence = self._evidence(statement.evidence)
        refusal = refusal or self._screen.objection(text) or self._screen.voice(text, evidence)
        if refusal is None and not evidence:
            refusal = NO_LINE
        if refusal is None and not terms(text):
            refusal = "it says nothing"
        return Piece(field, text, evidence, quotes_of(statement.evidence, self._screen.lines), refusal, statement)

    def _promise(self, promised: Promised) -> Piece:
        piece = self._piece("commitments", promised.text.strip(), promised, None)
        if piece.refusal:
            return piece
        bearers = self._bearers(promised)
        if not bearers or not self._are_theirs(promised, bearers[-1].actor):
            why = f"no line that it cites is a promise by the {promised.by}"
            return Piece("commitments", piece.text, piece.evidence, (), why, promised)
        ids = tuple(dict.fromkeys(bearer.interaction_id for bearer in bearers))
        return Piece(
            "commitments",
            piece.text,
            ids,
            tuple(quote for quote in piece.quotes if quote.interaction_id in ids),
            origin=promised,
            by=bearers[-1].actor,
            due=self._due(promised, bearers),
        )

    def _bearers(self, promised: Promised) -> list[Interaction]:
        """The cited lines of whoever gave the promise that bear it out: by the model's quotation, or by what they say.

        Whether bot or agent gave it is often told wrong, and either way it was our side.
        """
        givers = _SERVING if promised.by in _SERVING else (promised.by,)
        own: list[Interaction] = []
        for citation in promised.evidence:
            line = line_cited(citation, self._screen.lines)
            if line is None or line.actor.value not in givers:
                continue
            if citation.quote is not None:
                words = standing(citation.quote, line)
                borne_out = words is not None and len(words.split()) >= _FEWEST_WORDS
            else:
                borne_out = _promises(line, promised)
            if borne_out:
                own.append(line)
        return own

    def _are_theirs(self, promised: Promised, giver: Actor) -> bool:
        """Whether the side that gave a promise named its amounts: the other may name what it would like."""
        amounts = {canonical(mention.value) for mention in mentions(promised.text) if mention.type == "amount"}
        if not amounts:
            return True
        own = [
            interaction
            for interaction in self._screen.lines.values()
            if (interaction.actor is Actor.CUSTOMER) is (giver is Actor.CUSTOMER)
        ]
        return amounts <= {number for interaction in own for number in _numbers(written(interaction))}

    def _due(self, promised: Promised, bearers: Sequence[Interaction]) -> str | None:
        words = (standing(promised.due, bearer) for bearer in bearers) if promised.due else iter(())
        return next((word for word in words if word), None)

    def _question(self, statement: Told) -> Piece:
        text = statement.text.strip()
        refusal = self._screen.objection(text)
        if not any(mark in text for mark in ("?", "？", "؟")) and not text.endswith(";"):
            refusal = refusal or "it is no question"
        if asks_for_secret(text):
            refusal = refusal or "it asks for a secret"
        return Piece("open_questions", text, self._evidence(statement.evidence), (), refusal, statement)

    def _entity(self, named: Named) -> Piece:
        text = named.value.strip()
        evidence = self._evidence(named.evidence)
        refusal = self._screen.objection(f"{named.type} {text}")
        if refusal is None and not self._is_mentioned(named, evidence):
            refusal = "it does not stand in the lines that it cites"
        return Piece("entities", text, evidence, (), refusal, named)

    def _is_mentioned(self, named: Named, evidence: Evidence) -> bool:
        """Whether half the words of a value, or of it and its name, stand in its lines: `outage: none` may, too."""
        lines = " ".join(
            written(interaction)
            for interaction in self._screen.lines.values()
            if interaction.interaction_id in evidence
        )
        there = frozenset(_words(lines))
        value_words, all_words = _words(named.value), _words(f"{named.type} {named.value}")
        return any(
            words and 2 * len(there.intersection(words)) >= len(set(words)) for words in (value_words, all_words)
        )

    def _opening(self, text: str) -> Iterator[Piece]:
        """An opening is one piece where it may not be said, and else one for each sentence that is to be checked."""
        refusal = self._unsayable(text.strip())
        for sentence in (text.strip(),) if refusal else _said_in(text):
            yield Piece("suggested_opening", sentence, refusal=refusal)

    def _unsayable(self, text: str) -> str | None:
        spoken = _said_in(text)
        objections = {
            "it is too long to begin with": len(text.split()) > OPENING_WORDS,
            "it asks for a secret": any(map(asks_for_secret, spoken)),
            "it sends the customer to another address": leads_elsewhere(text),
            "it promises something": any(map(_binds, spoken)),
            "it says nothing": not any(
                len(sentence.split()) > _FEWEST_WORDS or not sentence.isascii() for sentence in spoken
            ),
        }
        return self._screen.objection(text) or next((why for why, holds in objections.items() if holds), None)

    def _evidence(self, citations: Iterable[Citation]) -> Evidence:
        cited = (line_cited(citation, self._screen.lines) for citation in citations)
        return tuple(dict.fromkeys(interaction.interaction_id for interaction in cited if interaction))


def _promises(line: Interaction, promised: Promised) -> bool:
    """Whether a line promises something: in so many words, or with the due time or the figures of the promise."""
    act_of = customer_act if line.actor is Actor.CUSTOMER else staff_act
    if any(act_of(sentence) is SpeechAct.PROMISE or promise_in(sentence) for sentence in sentences(line.text)):
        return True
    if promised.due and standing(promised.due, line):
        return True
    figures = _FIGURE.findall(promised.text)
    if figures:
        return all(standing(figure, line) for figure in figures)
    # In the giver's own words: `let me get the complaints desk` bears out `get the complaints desk`.
    wanted = frozenset(terms(promised.text))
    return len(wanted) >= _FEWEST_WORDS and any(
        len(wanted.intersection(terms(sentence))) > _MOST * len(wanted) and not _gives_nothing(sentence)
        for sentence in sentences(line.text)
    )


def _gives_nothing(sentence: str) -> bool:
    """Whether a sentence asks, refuses, denies, or tells what is the case and not what will be."""
    if staff_act(sentence) in (SpeechAct.REFUSAL, SpeechAct.QUESTION):
        return True
    return _NEGATION.search(sentence) is not None or _STATE.search(sentence) is not None


def _numbers(text: str) -> set[str]:
    """The numbers in a text, in the form that an amount has by its canonical name."""
    return {canonical(f"${number}") for number in _NUMBER.findall(text)}


def _said_in(opening: str) -> list[str]:
    """The sentences of an opening that are more than courtesies."""
    bare = (without_lead_in(sentence) for sentence in sentences(opening))
    return [
        sentence
        for sentence in bare
        if (sentence and staff_act(sentence) not in _COURTESIES) or len(sentence.split()) > 12
    ]


def _binds(sentence: str) -> bool:
    if sentence.rstrip().endswith("?"):
        return False
    pledged = staff_act(sentence) is SpeechAct.PROMISE and _PLEDGE.search(sentence) is not None
    return pledged or promise_in(sentence) is not None


def _asks(sentence: str) -> bool:
    act = staff_act(sentence) if is_english(sentence) else foreign_act(sentence)
    return sentence.rstrip().endswith(("?", "？", "؟")) or act in (SpeechAct.QUESTION, SpeechAct.REQUEST)


def _short_enough(text: str) -> str | None:
    """A headline within its line, cut where a clause ends if it must be; None where none ends in time."""
    if len(text) <= HEADLINE_CHARACTERS:
        return text
    ends = [match.start() for match in _CLAUSE_ENDS.finditer(text) if match.start() <= HEADLINE_CHARACTERS]
    return text[: ends[-1]] if ends and ends[-1] >= _SHORTEST_HEADLINE else None


def _words(text: str) -> list[str]:
    return [word.replace(",", ".") for word in re.findall(r"\d+(?:[.,]\d+)*|[^\W\d_]+", text.casefold())]
