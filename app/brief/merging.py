"""Lays a model's answer on the extractive brief: only what its evidence bears out, each sentence with that evidence.

Where the model said nothing, or something that was not borne out, the extractive words stand. What was not borne out is
listed in `dropped_claims`. What was done, how it ended and how the customer feels is never taken from a model: the
ledger knows it.
"""

import re
from collections.abc import Callable, Mapping, Sequence

from app.brief.answer import (
    HEADLINE_CHARACTERS,
    OPENING_WORDS,
    SITUATION_SENTENCES,
    SITUATION_WORDS,
    Answer,
    Named,
    Promised,
    Told,
)
from app.brief.instructions import without_instructions
from app.language.acts import Act, customer_act, staff_act, without_lead_in
from app.language.identifiers import canonical, mentions
from app.language.sentences import sentences
from app.models import (
    Actor,
    Brief,
    Claim,
    Commitment,
    DroppedClaim,
    Entity,
    HandoffRequest,
    Interaction,
    Statement,
    Transcript,
    Verdict,
    VerdictKind,
)
from app.privacy import Redactor

MOST_ENTITIES = 24
_FEWEST_WORDS = 4
_ASKS_FOR_SECRET = re.compile(
    r"\b(?:pass(?:word|code|phrase)s?|pin|cvv2?|cvc2?|otp|one-time|secur\w+ code|card number|ssn)\b", re.IGNORECASE
)
_SHORT_ID = re.compile(r"\bt\d+\b")
_FIRST_PERSON = re.compile(
    r"\b(?:I|[Mm]e|[Mm]y|[Mm]ine|[Ww]e|[Oo]ur|[Uu]s|[Yy]ou|[Yy]our|[Ii]ch|[Mm]eine?|[Ww]ir|[Jj]e|[Nn]ous|[Yy]o|[Nn]osotros)\b"
)
_QUOTED = re.compile(r"“[^”]{0,1000}+”|\"[^\"]{0,1000}+\"|«[^»]{0,1000}+»")
_MARKUP = re.compile(r"https?:|www\.|://|<[!/a-zA-Z|]|\[[^\[\]]*+\]\(|[{}`]|\]\]>")
# What is only so when our side did it. A customer may say that it was done, but then the sentence must say so too:
# that it is their account.
_OURS_ALONE = re.compile(
    r"\b(?:approv|authori[sz]|grant|waive|promis|verifi|resolv|settl|closed|solved|refunded|credited|compensated"
    r"|paid out|(?:has been|was|were) paid|confirmed|agreed|upgraded"
    r"|genehmigt|bewilligt|gewährt|erlassen|versprochen|zugesagt|bestätigt|gelöst|erledigt|geschlossen|erstattet"
    r"|accord|approuv|promis|vérifi|résolu|clos|rembours"
    r"|aprob|aprov|prometi|promet|verific|resuel|reembols|cerrad|approvat|promess|risolt|chius|rimbors"
    r"|goedgekeurd|beloofd|geverifieerd|opgelost|gesloten|zatwierdz|zamkni|rozwiąz|onaylan|одобрен|решен|закрыт)\w*",
    re.IGNORECASE,
)
_OWN_ACCOUNT = re.compile(
    r"\b(?:customer|caller|client|they)\b[^.]{0,20}\b(?:say|said|claim|report|tell|told|state|mention|explain|want|ask"
    r"|expect|request|demand|hope|need|complain|insist|believe|think|would like|promises?\b|will\b)"
    r"|^(?:the )?(?:customer|caller|client) (?!is\b|was\b|has\b|gets?\b|got\b|won\b|receive|deserve|owns?\b|holds?\b)"
    r"|\b(?:wanted|wished for|asked for|requested|reported)$",
    re.IGNORECASE,
)
_CUSTOMER_SAYS = {
    "de": "Kunde sagt",
    "es": "El cliente dice",
    "fr": "Le client dit",
    "it": "Il cliente dice",
    "nl": "Klant zegt",
    "pt": "O cliente diz",
}
_BINDING = (Act.PROMISE, Act.REFUSAL)
_COURTESIES = (Act.GREETING, Act.THANKS, Act.APOLOGY)
_COPIED_WORDS = 6
Judge = Callable[[Sequence[Statement], Transcript], Sequence[Verdict]]
"""Whoever tells which statements a transcript refutes, bears out, or leaves open."""


def merge(
    answer: Answer,
    draft: Brief,
    shown: Mapping[str, Interaction],
    request: HandoffRequest,
    judge: Judge,
    *,
    instructions: str = "",
) -> tuple[Brief, bool]:
    """The brief, and whether anything of the model's is in it.

    `shown` are the interactions by the ids it cites; `instructions` are those it was given, which nobody is shown.
    """
    merger = _Merger(shown, judge, instructions, request.locale)
    found: dict[str, object] = {
        "headline": merger.line(answer.headline, HEADLINE_CHARACTERS),
        "contact_reason": merger.wish(answer.contact_reason),
        "situation": merger.story(answer.situation),
        "customer_expectation": merger.wish(answer.customer_expectation),
        "commitments": merger.commitments(answer),
        "open_questions": merger.questions(answer),
        "suggested_opening": merger.opening(answer.suggested_opening),
    }
    update = {field: value for field, value in found.items() if value}
    custom = merger.sections(answer, [one.name for one in request.sections])
    written = bool(update or custom)
    update |= {
        "entities": (*draft.entities, *merger.entities(answer, draft.entities))[:MOST_ENTITIES],
        "custom_sections": {**draft.custom_sections, **custom},
        "dropped_claims": tuple(merger.dropped.values()),
    }
    brief = draft.model_copy(update=update)
    return brief.model_copy(update={"claims": (*_still_told(draft, brief), *merger.claims.values())}), written


def _still_told(draft: Brief, brief: Brief) -> list[Claim]:
    """The draft's claims that are still sentences of the brief."""
    told = [brief.headline, brief.contact_reason, brief.situation, brief.customer_expectation]
    told += [one.step for one in brief.actions_taken]
    told += [one.text for one in (*brief.commitments, *brief.history)]
    told += brief.custom_sections.values()
    pieces = [piece for piece in told if piece]
    return [claim for claim in draft.claims if any(claim.text in piece for piece in pieces)]


class _Merger:
    """Checks sentence by sentence what the model wrote, and keeps account of what was borne out and what was not."""

    def __init__(self, shown: Mapping[str, Interaction], judge: Judge, instructions: str, locale: str | None) -> None:
        self._shown = {alias: without_instructions(one) for alias, one in shown.items()}
        self._judge = judge
        self._instructions = _runs(instructions)
        self._customer_says = _CUSTOMER_SAYS.get((locale or "")[:2].casefold(), "Customer says")
        self._interactions = list(self._shown.values())
        self._transcript = Transcript(interactions=tuple(self._interactions))
        self.claims: dict[str, Claim] = {}
        self.dropped: dict[str, DroppedClaim] = {}

    def line(self, told: Told | None, most_characters: int = 400) -> str | None:
        """A field of one line: taken whole or not at all."""
        if told is None or len(told.text) > most_characters:
            return None
        verdicts = self._check_told(told)
        fits = sum(len(one.text) + 1 for one in verdicts) - 1 <= most_characters
        return self._told(verdicts) if fits and all(map(_stands, verdicts)) else None

    def wish(self, told: Told | None) -> str | None:
        """What the customer is after: a line that rests on something the customer did or said."""
        if told is not None and Actor.CUSTOMER not in self._actors(told):
            self._drop(told.text, "none of the cited interactions is by the customer")
            return None
        return self.line(told)

    def story(self, told: Sequence[Told]) -> str | None:
        """A field of several sentences: those borne out. A story that is mostly wrong is dropped whole."""
        verdicts = list({verdict.text: verdict for one in told for verdict in self._check_told(one)}.values())
        borne_out = [one for one in verdicts if _stands(one)]
        if 2 * len(borne_out) <= len(verdicts):
            return None
        return self._told(_within_limits(borne_out))

    def commitments(self, answer: Answer) -> tuple[Commitment, ...]:
        """Promises that were made, by whom the model says they were."""
        kept: list[Commitment] = []
        for one in answer.commitments:
            verdicts = self._check(self._by_its_giver(one), self._lines_of(one.by))
            if not self._is_promise(one):
                self._drop(one.text, f"none of the cited interactions is a promise by the {one.by}")
            elif all(map(_stands, verdicts)):
                due = one.due if one.due and self._fits(one.due) else None
                text = self._told(verdicts)
                kept.append(Commitment(by=Actor(one.by), text=text, due=due, evidence=self._evidence(one)))
        return tuple(kept)

    def _lines_of(self, giver: str) -> Transcript:
        """What whoever gave a promise said: a number in it must be theirs."""
        return Transcript(interactions=tuple(one for one in self._interactions if one.actor.value == giver))

    def _by_its_giver(self, promised: Promised) -> Promised:
        """The promise, resting on the words of whoever gave it alone."""
        own = [alias for alias in self._aliases(promised) if self._shown[alias].actor.value == promised.by]
        return promised.model_copy(update={"evidence": tuple(own)})

    def _is_promise(self, promised: Promised) -> bool:
        act_of = customer_act if promised.by == Actor.CUSTOMER.value else staff_act
        cited = [self._shown[alias] for alias in self._aliases(promised)]
        said = [sentence for one in cited if one.actor.value == promised.by for sentence in sentences(one.text)]
        return any(act_of(sentence) is Act.PROMISE for sentence in said)

    def questions(self, answer: Answer) -> tuple[str, ...]:
        """Questions about what is in their evidence."""
        return tuple(
            one.text.strip()
            for one in answer.open_questions
            if one.text.rstrip().endswith("?") and not _ASKS_FOR_SECRET.search(one.text) and self._fits(one.text)
        )

    def opening(self, text: str | None) -> str | None:
        """The agent's first words: nothing promised, no secret asked for, and about this case."""
        if not text or not _FEWEST_WORDS <= len(text.split()) <= OPENING_WORDS or _ASKS_FOR_SECRET.search(text):
            return None
        if _MARKUP.search(text) or Redactor().redact(text) != text:  # nobody is sent to another address or number
            return None
        said = [one for one in map(without_lead_in, sentences(text)) if staff_act(one) not in _COURTESIES]
        if any(staff_act(one) in _BINDING for one in said):
            return None
        asking = [one for one in said if staff_act(one) in (Act.QUESTION, Act.REQUEST)]
        if not said:
            return None
        tuple(one.interaction_id for one in self._interactions)
        asserted = self._judged([one for one in said if one not in asking])
        # It is said to the customer's face: that something is done on our side is for our side alone to say.
        fits = all(map(_stands, self._judged(said))) and not any(_OURS_ALONE.search(one.text) for one in asserted)
        return text.strip() if fits else None

    def sections(self, answer: Answer, asked: Sequence[str]) -> dict[str, str]:
        """The custom sections that were asked for, as far as they are borne out."""
        stories = {one.name: self.story(one.statements) for one in answer.custom_sections if one.name in asked}
        return {name: story for name, story in stories.items() if story}

    def entities(self, answer: Answer, known: Sequence[Entity]) -> list[Entity]:
        """Names that stand in their evidence and are not known yet."""
        names = {canonical(one.value) for one in known}
        fresh: dict[str, Entity] = {}
        for one in answer.entities:
            name = canonical(one.value)
            if _is_name(one.value) and name not in names and self._evidence(one) and self._fits(one.value):
                fresh[name] = Entity(type=one.type, value=one.value, evidence=self._evidence(one))
        return list(fresh.values())

    def _check_told(self, told: Told) -> list[Verdict]:
        """As `_check`, for what is told of the conversation: a brief does not speak as somebody in it."""
        if _FIRST_PERSON.search(_QUOTED.sub("", told.text)):
            return [self._refused(told.text, "it speaks as somebody in the conversation, not about it")]
        return [self._attributed(one) for one in self._check(told)]

    def _attributed(self, verdict: Verdict) -> Verdict:
        """What rests on the customer's word alone, told as that: anybody may write anything about us into a chat."""
        if not _stands(verdict) or _OWN_ACCOUNT.search(verdict.text):
            return verdict
        actors = {one.interaction_id: one.actor for one in self._interactions}
        if any(actors[one] is not Actor.CUSTOMER for one in verdict.evidence):
            return verdict
        if _OURS_ALONE.search(verdict.text):
            return self._refused(verdict.text, "nobody on our side says what only our side can do")
        return verdict.model_copy(update={"text": f"{self._customer_says}: {verdict.text}"})

    def _check(self, told: Told, transcript: Transcript | None = None) -> list[Verdict]:
        if _MARKUP.search(told.text):
            return [self._refused(told.text, "it holds a link or markup")]
        evidence = self._evidence(told)
        if not evidence:
            return [self._refused(told.text, "it cites no interaction of this customer")]
        verdicts = self._judged(sentences(told.text), evidence, transcript)
        for one in verdicts:
            if not _stands(one):
                self._drop(one.text, one.why)
        return verdicts

    def _judged(
        self, texts: Sequence[str], evidence: tuple[str, ...] = (), transcript: Transcript | None = None
    ) -> list[Verdict]:
        statements = [Statement(text=text, evidence=evidence) for text in texts]
        return list(self._judge(statements, transcript or self._transcript))

    def _fits(self, text: str) -> bool:
        return all(map(_stands, self._judged([text])))

    def _told(self, verdicts: Sequence[Verdict]) -> str:
        for one in verdicts:
            kind = VerdictKind.SUPPORTED if one.supported else VerdictKind.UNVERIFIED
            self.claims[one.text] = Claim(
                text=one.text, evidence=one.evidence, quotes=one.quotes, support=one.score, verdict=kind
            )
        return " ".join(one.text for one in verdicts)

    def _refused(self, text: str, why: str) -> Verdict:
        self._drop(text, why)
        return Verdict(text=text, verdict=VerdictKind.REFUTED, score=0.0, evidence=(), why=why)

    def _drop(self, text: str, why: str) -> None:
        if not self._instructions.isdisjoint(_runs(text)):
            text, why = "[left out]", "it repeats the instructions that the model was given"
        self.dropped.setdefault(text, DroppedClaim(text=text, why=why))

    def _aliases(self, of: Told | Named) -> list[str]:
        cited = (_SHORT_ID.search(one) for one in of.evidence)
        return [found.group() for found in cited if found and found.group() in self._shown]

    def _actors(self, of: Told) -> set[Actor]:
        return {self._shown[alias].actor for alias in self._aliases(of)}

    def _evidence(self, of: Told | Named) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self._shown[alias].interaction_id for alias in self._aliases(of)))


def _stands(verdict: Verdict) -> bool:
    """Whether nothing refutes it: what is about meaning may be told."""
    return verdict.verdict is not VerdictKind.REFUTED


def _is_name(value: str) -> bool:
    """Whether it is written like a name, and is not all of a number: those of the ledger are known already."""
    named = [one for one in mentions(value) if one.value == value.strip()]
    return not named and any(letter.isdigit() or letter.isupper() for letter in value)


def _runs(text: str) -> frozenset[tuple[str, ...]]:
    """Every few words in a row of a text: what two texts have of these in common, one copied from the other."""
    words = re.findall(r"\w+", text.casefold())
    return frozenset(tuple(words[start : start + _COPIED_WORDS]) for start in range(len(words) - _COPIED_WORDS + 1))


def _within_limits(verdicts: Sequence[Verdict]) -> list[Verdict]:
    kept: list[Verdict] = []
    words = 0
    for one in verdicts[:SITUATION_SENTENCES]:
        words += len(one.text.split())
        if words > SITUATION_WORDS:
            break
        kept.append(one)
    return kept
