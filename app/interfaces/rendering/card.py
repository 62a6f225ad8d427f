"""The agent's card: a handoff as a page that is understood in five seconds and acted on in place.

Everything on it is there without a script. The script opens the evidence of a claim beside the claim, sends the forms
without leaving the page, and puts in what arrives meanwhile, part by part (each element with a `data-part`).
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, NamedTuple, cast

from app.interfaces.rendering.claims import Marks, marks_given, sentences, shown_claims, words_of
from app.interfaces.rendering.environment import rendered
from app.interfaces.rendering.note import newest_of_each
from app.models import Brief, Claim, Decision, Entity, FiledFeedback, Handoff, Interaction, OfferedAction
from app.services.handoffs import CardRevision

SURE_INTENT = 0.6
MOST_ACTIONS = 3
# The card has to arrive at once: of long messages it shows the beginning, and the whole when it is asked for.
EXCERPT = 400
MOST_SHOWN = 40
_MOST_DATA = 6
_LONGEST_DATA = 80

EDITABLE: Mapping[str, str] = {
    "headline": "Headline",
    "suggested_opening": "Opening",
    "contact_reason": "Why they are here",
    "situation": "Situation",
    "customer_expectation": "What they expect",
}


class CardInteraction(NamedTuple):
    """An interaction as a card shows it: its text as far as there is room, and some of its data."""

    interaction_id: str
    row: Interaction | None
    text: str
    is_whole: bool
    data: Sequence[tuple[str, str]]


class Given(NamedTuple):
    """What the agent told of a handoff so far: the last word on each point."""

    displayed: bool = False
    accepted: bool | None = None
    repeated: bool = False
    missing: bool = False
    edited: Mapping[str, str] = {}
    comment: str | None = None
    marks: Marks = Marks()


def card(
    handoff: Handoff, evidence: Mapping[str, Interaction], reports: CardRevision, *, base: str, whole: bool = True
) -> str:
    """The card of a handoff as a page, or without its frame as the parts that a script puts in their places.

    `base` is the address below which the card's own requests lead, `evidence` the interactions that are still there.
    """
    given = given_so_far(reports.feedback)
    brief = _as_edited(handoff.brief, given.edited)
    facts: dict[str, Any] = {
        "handoff": handoff,
        "brief": brief,
        "decision": handoff.next_actions,
        "known": _by_type(brief.entities),
        "offered": _offered(handoff.next_actions),
        "taken": reports.outcomes,
        "friction": newest_of_each(handoff.signals),
        "given": given,
        "base": base,
        "now": datetime.now(UTC),
        "shown": [
            _shown(interaction_id, evidence.get(interaction_id)) for interaction_id in handoff.evidence[:MOST_SHOWN]
        ],
        "sentences": partial(sentences, claims=brief.claims),
        "claim_of": partial(_claim_of, {words_of(claim.text): claim for claim in brief.claims}),
        "claims": shown_claims(brief, handoff.check, evidence, given.marks),
        "sure_intent": SURE_INTENT,
        "editable": [(name, label, getattr(brief, name) or "") for name, label in EDITABLE.items()],
    }
    return rendered("card/page.html" if whole else "card/parts.html", **facts).strip()


def evidence_page(row: Interaction, *, base: str, whole: bool) -> str:
    """One interaction with all its text, as a page or as a part of one."""
    shown = _shown(row.interaction_id, row, excerpt=None)
    return rendered("card/evidence.html" if whole else "card/evidence_part.html", one=shown, base=base).strip()


def refusal_page(title: str, detail: str) -> str:
    """What somebody is told whose link opens nothing."""
    return rendered("card/refusal.html", title=title, detail=detail).strip()


def given_so_far(feedback: Sequence[FiledFeedback]) -> Given:
    """The last word on each point of what was told, oldest first."""
    given = Given()
    for filed_feedback in feedback:
        given = Given(
            displayed=given.displayed or filed_feedback.displayed_at is not None,
            accepted=given.accepted if filed_feedback.accepted is None else filed_feedback.accepted,
            repeated=given.repeated
            if filed_feedback.repeated_information is None
            else filed_feedback.repeated_information,
            missing=given.missing if filed_feedback.missing_context is None else filed_feedback.missing_context,
            edited=_texts(filed_feedback.edited_brief) or given.edited,
            comment=filed_feedback.comment or given.comment,
        )
    return given._replace(marks=marks_given(feedback))


def _texts(edited: object) -> Mapping[str, str]:
    if not isinstance(edited, dict):
        return {}
    fields = cast(dict[str, object], edited)
    return {name: value for name in EDITABLE if isinstance(value := fields.get(name), str)}


def _as_edited(brief: Brief, edited: Mapping[str, str]) -> Brief:
    # The agent's own words are shown as they are: they were checked by whoever wrote them.
    return brief.model_copy(update={name: text or None for name, text in edited.items()}) if edited else brief


def _claim_of(claims: Mapping[str, Claim], text: str | None) -> Claim | None:
    return claims.get(words_of(text or ""))


def _by_type(entities: Sequence[Entity]) -> Mapping[str, Sequence[Entity]]:
    entities_by_type: defaultdict[str, list[Entity]] = defaultdict(list)
    for entity in entities:
        entities_by_type[entity.type].append(entity)
    return entities_by_type


def _offered(decision: Decision | None) -> Sequence[OfferedAction]:
    return decision.actions[:MOST_ACTIONS] if decision else ()


def _shown(interaction_id: str, row: Interaction | None, *, excerpt: int | None = EXCERPT) -> CardInteraction:
    text = row.text.strip() if row else ""
    is_whole = excerpt is None or len(text) <= excerpt
    return CardInteraction(
        interaction_id=interaction_id,
        row=row,
        text=text if is_whole else text[:excerpt].rsplit(None, 1)[0] + " …",
        is_whole=is_whole,
        data=_data(row) if row else (),
    )


def _data(row: Interaction) -> Sequence[tuple[str, str]]:
    plain = [(name, str(value)) for name, value in row.data.items() if isinstance(value, str | int | float | bool)]
    short = [(name, value if len(value) <= _LONGEST_DATA else f"{value[:_LONGEST_DATA]} …") for name, value in plain]
    return short[:_MOST_DATA]
