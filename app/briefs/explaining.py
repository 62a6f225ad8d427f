"""Explains a brief without a model: what each sentence was taken for, and how each wish stands."""

from collections.abc import Iterator

from app.briefs.case import read_case
from app.briefs.quoting import LEFT_OUT
from app.models import Brief, Explanation, SentenceExplained, Snapshot, WishExplained

_FIELDS = ("headline", "contact_reason", "situation", "customer_expectation")


def explain(snapshot: Snapshot, brief: Brief) -> Explanation:
    """The readings behind a brief of this snapshot."""
    case = read_case(snapshot)
    told = dict(_told(brief))
    return Explanation(
        sentences=tuple(
            SentenceExplained(
                at=one.interaction.occurred_at,
                actor=one.interaction.actor,
                text=one.text,
                act=one.act.value,
                act_confidence=min(1.0, one.reading.acts[one.act]),
                key=case.weight(one) if one.by_customer else 0.0,
                wanted=case.wanted(one) if one.by_customer else 0.0,
                wish=one.reading.wish if one.by_customer else 0.0,
                person=one.reading.human if one.by_customer else 0.0,
                promise=0.0 if one.by_customer else one.reading.promise,
                done=0.0 if one.by_customer else one.reading.done,
                quoted_in=tuple(field for field, text in told.items() if _holds(text, one.text)),
            )
            for one in case.said
            if not one.pasted
        ),
        wishes=tuple(
            WishExplained(
                text=wish.said.text,
                state=wish.state.value,
                closed_by=wish.closed_by.text if wish.closed_by else None,
            )
            for wish in case.wishes
        ),
    )


def _told(brief: Brief) -> Iterator[tuple[str, str]]:
    for field in _FIELDS:
        text = getattr(brief, field)
        if text:
            yield field, text
    for field, texts in (
        ("actions_taken", [one.step for one in brief.actions_taken]),
        ("commitments", [one.text for one in brief.commitments]),
        ("open_questions", brief.open_questions),
        ("history", [one.text for one in brief.history]),
    ):
        if texts:
            yield field, "\n".join(texts)


def _holds(text: str, sentence: str) -> bool:
    """Whether a text quotes a sentence, or its beginning."""
    flat = " ".join(sentence.split())
    if flat in text:
        return True
    beginnings = (piece.rpartition("“")[2] for piece in text.split(LEFT_OUT)[:-1])
    return any(len(piece) > 1 and flat.startswith(piece) for piece in beginnings)
