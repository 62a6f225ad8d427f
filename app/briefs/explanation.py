"""Explains a brief without a model: what each sentence was taken for, and how each wish stands."""

from collections.abc import Iterator

from app.briefs.case_reader import read_case
from app.briefs.quoting import LEFT_OUT
from app.models import Brief, Explanation, SentenceExplained, Snapshot, WishExplained

_FIELDS = ("headline", "contact_reason", "situation", "customer_expectation")


def explain(snapshot: Snapshot, brief: Brief) -> Explanation:
    """The readings behind a brief of this snapshot."""
    case = read_case(snapshot)
    texts = dict(_field_texts(brief))
    return Explanation(
        sentences=tuple(
            SentenceExplained(
                at=utterance.interaction.occurred_at,
                actor=utterance.interaction.actor,
                text=utterance.text,
                act=utterance.act.value,
                act_confidence=min(1.0, utterance.reading.acts[utterance.act]),
                key=case.weight(utterance) if utterance.by_customer else 0.0,
                wanted=case.wanted(utterance) if utterance.by_customer else 0.0,
                wish=utterance.reading.wish if utterance.by_customer else 0.0,
                person=utterance.reading.human if utterance.by_customer else 0.0,
                promise=0.0 if utterance.by_customer else utterance.reading.promise,
                done=0.0 if utterance.by_customer else utterance.reading.done,
                quoted_in=tuple(field for field, text in texts.items() if _holds(text, utterance.text)),
            )
            for utterance in case.utterances
            if not utterance.pasted
        ),
        wishes=tuple(
            WishExplained(
                text=wish.utterance.text,
                state=wish.state.value,
                closed_by=wish.closed_by.text if wish.closed_by else None,
            )
            for wish in case.wishes
        ),
    )


def _field_texts(brief: Brief) -> Iterator[tuple[str, str]]:
    for field in _FIELDS:
        text = getattr(brief, field)
        if text:
            yield field, text
    for field, texts in (
        ("actions_taken", [action.step for action in brief.actions_taken]),
        ("commitments", [commitment.text for commitment in brief.commitments]),
        ("open_questions", brief.open_questions),
        ("history", [history_item.text for history_item in brief.history]),
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
