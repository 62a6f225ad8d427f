"""Passes judgement on sentences: what they name, what they are about, who did it, and whether it is denied."""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from functools import cached_property, partial
from typing import NamedTuple

from app.brief.revisions import Revision, revisions
from app.brief.verification import later
from app.brief.verification.across import is_across, judged_across
from app.brief.verification.alignment import misaligned
from app.brief.verification.claims import deeds
from app.brief.verification.contradictions import another_patient, failed_step, opposite
from app.brief.verification.measures import (
    NOTHING,
    Objection,
    misnamed,
    misput,
    turned_round,
)
from app.brief.verification.naming import Evidence, text_of, words_in
from app.brief.verification.reading import CUSTOMER, NOBODY, Talk
from app.brief.verification.roles import first_side, speaks_so
from app.brief.verification.speakers import speakers
from app.budget import Budget, spend
from app.language.human import asks_for_person
from app.language.identifiers import mentions
from app.language.words import stem, terms
from app.models import Interaction, Verdict, VerdictKind

ENOUGH_WORDS = 0.25
"""So much of what a sentence is about must be in the evidence; summaries have words of their own."""
_FAR_FROM_IT = 0.6
"""With less of its words there, a sentence may be in another language: names and numbers are words too."""
MOST_SOURCES = 4
NOT_CHECKED = "the time for checking was used up before this was checked"
NOT_THEIRS = "the words it quotes are somebody else's"
MOST_TURNS = 80
"""Of a longer history, only what is nearest to a sentence is compared with it clause by clause."""
_NEAREST, _AROUND = 12, 2
_ALIKE = 5
_FEWEST_QUOTED = 3
"""Fewer words between quotation marks may be a name rather than what somebody said."""
_QUOTED = re.compile(r"[“\"]([^”\"]{2,500}+)[”\"]")
_FOR_PERSON = re.compile(
    r"\bask\w* (?:for|to (?:talk|speak) (?:to|with)) (?:a |an |another )?(?:real )?(?:person|human|agent|colleague)",
    re.IGNORECASE,
)
_ENDED = re.compile(r"\bended the (?:conversation|chat|call)\b", re.IGNORECASE)
_REPORTING = frozenset(
    stem(word)
    for word in """customer caller client agent bot assistant representative system say said tell told ask asked want
    wanted wants would like request requested report reported mention mentioned state stated explain explained inform
    informed contact contacted conversation according currently able talk discuss share suggest recommend think thought
    offer offered help agree thank complain invite introduce refuse apologize decide give gave give person people
    something thing way someone know feel find also answer promise reply write
    now then end ended""".split()
)


class Statement(NamedTuple):
    """A sentence with the interactions it cites; with none it is checked against all there are."""

    text: str
    evidence: tuple[str, ...] = ()


def verify(
    statements: Sequence[Statement], interactions: Sequence[Interaction], budget: Budget | None = None
) -> list[Verdict]:
    """One verdict a statement, in order; its score is 0.5 and more when it is supported, and less when not.

    What there was no time to check within the budget is not supported, with a score of 0.5 and a `why` that says so.
    """
    case = _Case(interactions)
    if budget is None:
        return [case.verdict(one, asserted=True) for one in statements]
    return [budget.within(partial(case.verdict, one, asserted=True), _not_checked(one)) for one in statements]


def ground(statements: Sequence[Statement], interactions: Sequence[Interaction]) -> list[Verdict]:
    """As `verify`, for questions and courtesies: they assert nothing, but what they name and speak of must be there."""
    case = _Case(interactions)
    return [case.verdict(statement, asserted=False) for statement in statements]


class _Source(NamedTuple):
    interaction: Interaction
    words: frozenset[str]


class _Case:
    """The interactions that sentences are checked against, read once for all of them."""

    def __init__(self, interactions: Sequence[Interaction]) -> None:
        self._interactions = sorted(interactions, key=lambda one: one.seq)
        self._evidence: dict[tuple[str, ...], Evidence] = {}

    def verdict(self, statement: Statement, *, asserted: bool) -> Verdict:
        """Whether one sentence is borne out, and why not."""
        cited = self._cited(statement)
        evidence = tuple(one.interaction.interaction_id for one in cited)
        if not cited:
            missing = "no interaction bears on it"
            return Verdict(
                text=statement.text,
                verdict=VerdictKind.REFUTED,
                score=0.0,
                evidence=(),
                why=missing,
            )
        known = self._read(evidence) if statement.evidence else self._everything
        text, quoted, told_by = _without_quotations(statement.text, known)
        wanted = _content(text) | quoted
        share = (self._held(wanted - quoted, text, known) + len(quoted)) / len(wanted) if wanted else 0.0
        supported, score, why = self._judged(text, wanted, share, known, cited, told_by, asserted=asserted)
        return Verdict(
            text=statement.text,
            verdict=VerdictKind.SUPPORTED if supported else VerdictKind.REFUTED,
            score=round(score, 3),
            evidence=evidence,
            why=why,
        )

    def _judged(
        self,
        text: str,
        wanted: frozenset[str],
        share: float,
        known: Evidence,
        cited: Sequence[_Source],
        told_by: frozenset[int],
        *,
        asserted: bool,
    ) -> tuple[bool, float, str]:
        missing = self._missing(text, known)
        if missing:
            return False, 0.3 * share, missing
        if not wanted and not self._is_manner(text):
            return False, 0.0, "it says nothing that could be looked for"
        interactions = [one.interaction for one in cited]
        if wanted and share < _FAR_FROM_IT and is_across(text, interactions):
            return judged_across(text, interactions)
        if wanted and share < ENOUGH_WORDS:
            return False, share, f"only {share:.0%} of its words are in the evidence"
        objection = self._objection(text, cited, told_by) if asserted else NOTHING
        if objection.why:
            return False, 0.3 * share, objection.why
        certain = objection.certain
        why = f"its names and numbers and {share:.0%} of its words are in the evidence" if wanted else "it was said so"
        return True, 0.5 + 0.25 * share + 0.25 * certain, why

    def _missing(self, text: str, known: Evidence) -> str | None:
        """The first quotation, name or number of a sentence that the evidence does not have, in words."""
        quotations = (one for one in _QUOTED.findall(text) if len(one.split()) >= _FEWEST_QUOTED)
        invented = next(quotations, None)
        return f"nobody said “{invented}”" if invented else known.foreign(text, counted=known is not self._everything)

    def _objection(self, text: str, cited: Sequence[_Source], told_by: frozenset[int]) -> Objection:
        """The first thing that is wrong with a sentence; without one, how certain it is that nothing is."""
        if told_by and not _content(text):
            # Nothing but a quotation, so all that can be wrong is whose words they are.
            return NOTHING if first_side(text, self._speakers) in (*told_by, NOBODY) else Objection(NOT_THEIRS, 0.0)
        talk = self._talk_about(text)
        checks = (
            turned_round(text, talk, self._speakers),
            misput(text, talk, self._speakers),
            misnamed(text, talk, self._speakers),
        )
        found = next((one for one in checks if one.why), None)
        if found:
            return found
        plain = (
            failed_step(text, self._interactions),
            opposite(text, talk),
            another_patient(text, talk, self._speakers),
        )
        contradicted = next((why for why in plain if why), None)
        if contradicted:
            return Objection(contradicted, 0.0)
        exchanged = misaligned(text, talk)
        if exchanged:
            value, other = exchanged
            return Objection(
                f"the evidence has {other.capitalize()} there, not {value.capitalize()}",
                0.0,
            )
        own = [one.interaction for one in cited]
        overtaken = later.overtaken(text, own, self._interactions, self._replaced)
        if overtaken:
            return Objection(overtaken, 0.0)
        return min(checks, key=lambda one: one.certain)

    @cached_property
    def _sources(self) -> Mapping[str, _Source]:
        found: dict[str, _Source] = {}
        for one in self._interactions:
            spend()
            found[one.interaction_id] = _Source(one, words_in(text_of(one)))
        return found

    @cached_property
    def _holding(self) -> Mapping[str, Sequence[int]]:
        """The places of the sources that have a stem."""
        found: dict[str, list[int]] = defaultdict(list)
        for place, source in enumerate(self._sources.values()):
            for word in source.words:
                found[word].append(place)
        return found

    @cached_property
    def _replaced(self) -> Sequence[Revision]:
        return revisions(self._interactions)

    @cached_property
    def _everything(self) -> Evidence:
        return Evidence(self._interactions)

    @cached_property
    def _whole(self) -> Talk:
        return Talk(self._interactions)

    @cached_property
    def _speakers(self) -> Mapping[str, int]:
        return speakers(self._interactions)

    def _talk_about(self, text: str) -> Talk:
        if len(self._interactions) <= MOST_TURNS:
            return self._whole
        wanted = _content(text)
        rows = list(self._sources.values())
        near = sorted(
            range(len(rows)),
            key=lambda place: len(wanted & rows[place].words),
            reverse=True,
        )[:_NEAREST]
        chosen = {place + shift for place in near for shift in range(-_AROUND, _AROUND + 1)}
        return Talk([one for place, one in enumerate(self._interactions) if place in chosen])

    def _read(self, ids: tuple[str, ...]) -> Evidence:
        if ids not in self._evidence:
            self._evidence[ids] = Evidence([self._sources[one].interaction for one in ids])
        return self._evidence[ids]

    def _cited(self, statement: Statement) -> list[_Source]:
        if statement.evidence:
            return [self._sources[one] for one in dict.fromkeys(statement.evidence) if one in self._sources]
        wanted = _content(statement.text) or frozenset(terms(statement.text))
        chosen: list[_Source] = []
        rows = list(self._sources.values())
        while wanted and len(chosen) < MOST_SOURCES:
            counts = Counter(place for word in wanted for place in self._holding.get(word, ()))
            if not counts:
                break
            most = max(counts.values())
            best = rows[min(place for place, count in counts.items() if count == most)]
            chosen.append(best)
            wanted -= best.words
        return chosen or rows[-1:]

    def _held(self, wanted: frozenset[str], text: str, known: Evidence) -> int:
        """How many of these words the evidence has; names and dates count as held, being looked for by themselves."""
        named = frozenset(word for one in mentions(text) for word in terms(one.value))
        return sum(word in known.words or word in named or word[:_ALIKE] in known.beginnings for word in wanted)

    def _is_manner(self, text: str) -> bool:
        """Whether all that a sentence tells is how somebody spoke, and they did: `the agent agrees`."""
        if _FOR_PERSON.search(text):
            customers = (text for side, text in self._whole.said if side == CUSTOMER)
            return any(asks_for_person(one) for one in customers)
        if _ENDED.search(text):
            return bool(self._whole.said) and self._whole.said[-1][0] == CUSTOMER
        done, _ = deeds(text, self._speakers)
        return bool(done) and all(speaks_so(one, self._whole) for one in done)


def _not_checked(statement: Statement) -> Verdict:
    return Verdict(text=statement.text, supported=False, score=0.5, evidence=(), why=NOT_CHECKED)


def _content(text: str) -> frozenset[str]:
    return frozenset(word for word in terms(text) if word not in _REPORTING)


def _without_quotations(text: str, known: Evidence) -> tuple[str, frozenset[str], frozenset[int]]:
    """The sentence without what it quotes word for word, what the quotations are about, and whose words they are."""
    quoted: set[str] = set()
    sides: set[int] = set()
    for match in reversed(list(_QUOTED.finditer(text))):
        if known.holds(match[1]):
            text = text[: match.start()] + text[match.end() :]
            quoted.update(terms(match[1]))
            sides.update(known.sides_saying(match[1]))
    return text, frozenset(quoted), frozenset(sides)
