"""The claims of a brief as people read them: the words that bear each out, who checked it, what the agent says."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import NamedTuple

from app.models import Brief, Claim, ClaimCheck, FiledFeedback, Interaction, VerdictKind

# A brief has some twenty claims; of one that has far more, the first can be judged and opened, and all are listed.
MOST_OPENED = 30
_LONGEST_MARKED = 2000


class RenderedSentence(NamedTuple):
    """A piece of prose, and the claim that it makes, if any."""

    text: str
    claim: Claim | None


class ShownQuote(NamedTuple):
    """Words of an interaction, and the interaction as it stands now; without it, or blanked, its words are gone too."""

    interaction_id: str
    row: Interaction | None
    text: str


class ShownClaim(NamedTuple):
    """A claim with what a card tells of it; `mark` is the agent's last word on it."""

    claim: Claim
    key: str
    quotes: Sequence[ShownQuote]
    standing: str | None
    checked: str
    mark: str | None
    is_opened: bool


class Marks(NamedTuple):
    """What the agent said of claims: the last mark of each by its words, and what the brief should have said."""

    by_words: Mapping[str, str] = {}
    missing: Sequence[str] = ()


def sentences(text: str | None, claims: Sequence[Claim]) -> Sequence[RenderedSentence]:
    """A text cut where it makes claims, in its own order; what lies between them belongs to none."""
    text = text or ""
    mentions = sorted(
        ((text.find(claim.text), claim) for claim in claims if claim.text and claim.text in text),
        key=lambda mention: (mention[0], -len(mention[1].text)),
    )
    pieces: list[RenderedSentence] = []
    done = 0
    for start, claim in mentions:
        if start < done:
            continue
        if text[done:start].strip():
            pieces.append(RenderedSentence(text[done:start].strip(), None))
        pieces.append(RenderedSentence(claim.text, claim))
        done = start + len(claim.text)
    if text[done:].strip():
        pieces.append(RenderedSentence(text[done:].strip(), None))
    return pieces


def marks_given(feedback: Sequence[FiledFeedback]) -> Marks:
    """The last word on each claim, and each thing that was missed once; `feedback` is in the order it was filed."""
    marks = [mark for filed in feedback for mark in filed.claims]
    by_words = {words_of(mark.text): mark.mark for mark in marks if mark.mark != "missing"}
    missing = {words_of(mark.text): mark.text for mark in marks if mark.mark == "missing"}
    return Marks(by_words, list(missing.values()))


def shown_claims(
    brief: Brief, check: ClaimCheck, evidence: Mapping[str, Interaction], marks: Marks
) -> Sequence[ShownClaim]:
    """The claims of a brief, in its order."""
    return [
        ShownClaim(
            claim=claim,
            key=claim_key(claim.text),
            quotes=[
                ShownQuote(quote.interaction_id, evidence.get(quote.interaction_id), quote.text)
                for quote in claim.quotes
            ],
            standing=standing_of(claim),
            checked=_checked(claim, check),
            mark=marks.by_words.get(words_of(claim.text)),
            is_opened=index < MOST_OPENED and len(claim.text) <= _LONGEST_MARKED,
        )
        for index, claim in enumerate(brief.claims)
    ]


def standing_of(claim: Claim) -> str | None:
    """What is said beside a claim that is not borne out, in two words; nothing beside one that is."""
    if claim.verdict is VerdictKind.SUPPORTED:
        return None
    return "not confirmed" if claim.checked_by == "model" else "not checked"


def claim_key(text: str) -> str:
    """A name for a claim that it has in every revision that makes it."""
    return sha256(words_of(text).encode(errors="replace")).hexdigest()[:12]


def words_of(text: str) -> str:
    """A text by its words alone, for forms and pages keep neither line ends nor spaces as they were."""
    return " ".join(text.split())


def _checked(claim: Claim, check: ClaimCheck) -> str:
    if claim.verdict is VerdictKind.SUPPORTED:
        return f"Confirmed by {'a model' if claim.checked_by == 'model' else 'rules'}."
    if claim.checked_by == "model":
        return "A model could neither confirm nor refute it."
    finding = "Rules find nothing against it"
    return f"{finding}; a model is checking it." if check.state == "pending" else f"{finding}; no model has checked it."
