"""Lays a model's answer on the extractive brief, sentence by sentence, by what a check made of each.

What is refuted is left out and listed in `dropped_claims`; what the check left open is shown, and its claim says so.
The model's words stand as it wrote them. A field falls back to the extractive words where nothing of the model's is
left. What was done, how it ended and how the customer feels is never taken from a model: the ledger knows it.
"""

from collections.abc import Iterable, Mapping, Sequence, Set
from datetime import datetime

from app.briefs.frames import framed_as
from app.briefs.llm.claims import CLAIMS, SECTION, Layout, Piece
from app.briefs.llm.entities import united
from app.briefs.llm.output import SITUATION_SENTENCES, SITUATION_WORDS, Named, Promised
from app.briefs.llm.quotes import standing
from app.briefs.llm.screening import COPIED, Screen
from app.briefs.repetition import Coverage, plain
from app.models import (
    Actor,
    Brief,
    Checker,
    Claim,
    Commitment,
    DroppedClaim,
    Entity,
    Interaction,
    Verdict,
    VerdictKind,
)
from app.nlu.presence_checks import is_ping
from app.nlu.promises import time_in

TOO_LONG = "there is no room for it: a situation has four sentences and eighty words"
_PING = "it only asks whether anybody is there"
_LINES = ("headline", "contact_reason", "customer_expectation")
_Judged = tuple[Piece, Verdict]


def merge(layout: Layout, verdicts: Sequence[Verdict], draft: Brief) -> tuple[Brief, bool]:
    """The brief, and whether anything of the model's is in it. `verdicts` are those of `layout.to_check`, in order."""
    account = _Account(layout.screen)
    account.judge(layout, verdicts)
    shown = account.shown
    opening = None if account.is_dropped("suggested_opening") else layout.opening
    update: dict[str, object] = {
        **{field: " ".join(piece.text for piece, _ in shown(field)) for field in _LINES},
        "situation": " ".join(piece.text for piece, _ in account.story("situation")),
        "commitments": account.commitments(),
        "open_questions": tuple(piece.text for piece, _ in shown("open_questions")),
        "suggested_opening": opening,
    }
    update = {field: value for field, value in update.items() if value}
    sections = {field: account.story(field) for field in account.fields if field.startswith(SECTION)}
    custom = {field.removeprefix(SECTION): text for field, story in sections.items() if (text := _text_of(story))}
    written = bool(update or custom)
    draft = framed_as(draft, draft.model_copy(update=update))
    brief = without_repetition(draft, update, {piece.field for piece in layout.pieces})
    update = {
        "entities": united(draft.entities, _entities(shown("entities"))),
        "custom_sections": {**draft.custom_sections, **custom},
        "dropped_claims": account.dropped,
    }
    brief = brief.model_copy(update=update)
    return with_claims(brief, draft, account.claims), written


def without_repetition(draft: Brief, update: Mapping[str, object], written: Set[str]) -> Brief:
    """The draft with a model's fields laid on it, and without its own sentences that only repeat those.

    `written` are the fields that the model wrote anything in. What it left empty it judged to be empty: of ours only a
    promise with its time stays there.
    """
    coverage = Coverage([str(value) for field, value in update.items() if field in _STORY])
    brief = draft.model_copy(update=dict(update))
    everything = Coverage(
        [brief.headline, *(getattr(brief, field) for field in _STORY)]
        + [f"{commitment.text} {commitment.due or ''}" for commitment in brief.commitments]
    )
    dropped: dict[str, object] = {}
    if "customer_expectation" not in update and coverage.repeats(draft.customer_expectation):
        dropped["customer_expectation"] = None
    if "situation" not in update and coverage.repeats(draft.situation):
        dropped["situation"] = None
    if "open_questions" not in update:
        asked = draft.open_questions if "open_questions" in written else ()
        dropped["open_questions"] = tuple(question for question in asked if not coverage.repeats(question))
    if "commitments" not in written:
        dropped["commitments"] = tuple(
            commitment for commitment in draft.commitments if commitment.due and commitment.by is not Actor.CUSTOMER
        )
    dropped["history"] = tuple(
        history_item for history_item in draft.history if not everything.holds(history_item.text)
    )
    return brief.model_copy(update=dropped) if coverage.is_something else brief


_STORY = ("contact_reason", "situation", "customer_expectation")


def with_claims(brief: Brief, draft: Brief, claims: Iterable[Claim]) -> Brief:
    """The brief with these claims, and those of the draft's that are still sentences of it."""
    texts = [brief.headline, brief.contact_reason, brief.situation, brief.customer_expectation]
    texts += [action.step for action in brief.actions_taken]
    texts += [entry.text for entry in (*brief.commitments, *brief.history)]
    texts += brief.custom_sections.values()
    pieces = [text for text in texts if text]
    named = {claim.text: claim for claim in claims}
    own = [claim for claim in draft.claims if claim.text not in named and any(claim.text in piece for piece in pieces)]
    return brief.model_copy(update={"claims": (*own, *named.values())})


class _Account:
    """What became of every piece: shown with its verdict, or dropped with the reason; each sentence once."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._shown: dict[str, list[_Judged]] = {}
        self._fields: dict[str, None] = {}
        self._seen: set[str] = set()
        self._dropped: dict[str, DroppedClaim] = {}
        self._dropped_fields: set[str] = set()
        self._claims: dict[str, Claim] = {}

    def judge(self, layout: Layout, verdicts: Sequence[Verdict]) -> None:
        """Take up every piece with its verdict."""
        judged = iter(verdicts)
        for piece in layout.pieces:
            if piece.refusal is not None:
                self._drop(piece, piece.refusal)
                continue
            verdict = next(judged)
            # A question asserts nothing that a line could have told a machine to assert.
            doubt = None if piece.field == "open_questions" else self._doubt(piece)
            doubt = doubt or _superfluous(piece)
            if verdict.verdict is VerdictKind.REFUTED:
                self._drop(piece, verdict.why, verdict.checked_by)
            elif doubt:
                self._drop(piece, doubt)
            else:
                self._show(piece, self._careful(piece, verdict))

    @property
    def fields(self) -> Sequence[str]:
        """The fields that anything of the model's is shown in."""
        return tuple(self._fields)

    @property
    def claims(self) -> Iterable[Claim]:
        """The claims of what is shown."""
        return self._claims.values()

    @property
    def dropped(self) -> tuple[DroppedClaim, ...]:
        """What is not shown, and why."""
        return tuple(self._dropped.values())

    def is_dropped(self, field: str) -> bool:
        """Whether any piece of a field was dropped."""
        return field in self._dropped_fields

    def shown(self, field: str) -> Sequence[_Judged]:
        """The pieces of a field that are shown, with their claims noted."""
        return self._noted(self._shown.get(field, ()), field)

    def story(self, field: str) -> Sequence[_Judged]:
        """As `shown`, within the length of a situation; what has no room is listed among what is not shown.

        The model's own statements are counted: one may be split into more sentences than it has.
        """
        fitting: list[_Judged] = []
        statements: list[object] = []
        words, is_full = 0, False
        for piece, verdict in self._shown.get(field, ()):
            if not any(piece.origin is statement for statement in statements):
                statements.append(piece.origin)
            words += len(piece.text.split())
            is_full = is_full or len(statements) > SITUATION_SENTENCES or words > SITUATION_WORDS
            if is_full:
                self._drop(piece, TOO_LONG)
            else:
                fitting.append((piece, verdict))
        return self._noted(fitting, field)

    def commitments(self) -> tuple[Commitment, ...]:
        """The promises that are shown, each with the day it was given on."""
        return tuple(
            Commitment(by=piece.by, text=piece.text, due=due, at=at, evidence=piece.evidence)
            for piece, _ in self.shown("commitments")
            if piece.by is not None
            for due, at in [self._due(piece)]
        )

    def _due(self, piece: Piece) -> tuple[str | None, datetime | None]:
        """By when a promise is due, in the giver's words, and when these were said."""
        lines = {interaction.interaction_id: interaction for interaction in self._screen.lines.values()}
        givers = [lines[interaction_id] for interaction_id in piece.evidence if interaction_id in lines]
        due = piece.due or _own_time(piece, givers)
        naming = [giver for giver in givers if due and standing(due, giver)]
        return due, next((interaction.occurred_at for interaction in (*naming, *reversed(givers))), None)

    def _noted(self, judged: Sequence[_Judged], field: str) -> Sequence[_Judged]:
        if field in CLAIMS or field.startswith(SECTION):
            self._claims |= {piece.text: _claim(piece, verdict) for piece, verdict in judged}
        return judged

    def _careful(self, piece: Piece, verdict: Verdict) -> Verdict:
        """The verdict, but that rules do not support as a fact what the customer alone says of it."""
        by_rules = verdict.supported and verdict.checked_by == "rules"
        if not by_rules or not self._screen.is_hearsay(piece.text, piece.evidence):
            return verdict
        return verdict.model_copy(update={"verdict": VerdictKind.UNVERIFIED, "why": "only the customer says so"})

    def _doubt(self, piece: Piece) -> str | None:
        return self._screen.doubt(piece.text, piece.evidence or self._everything, piece.quotes)

    @property
    def _everything(self) -> Sequence[str]:
        return [interaction.interaction_id for interaction in self._screen.lines.values()]

    def _show(self, piece: Piece, verdict: Verdict) -> None:
        once = plain(piece.text)
        if piece.field in _STORY and once in self._seen:
            return
        if piece.field in _STORY:
            self._seen.add(once)
        self._fields[piece.field] = None
        self._shown.setdefault(piece.field, []).append((piece, verdict))

    def _drop(self, piece: Piece, why: str, checked_by: Checker = "rules") -> None:
        self._dropped_fields.add(piece.field)
        text = piece.text
        if why == COPIED or self._screen.is_copied(text):
            text, why = "[left out]", COPIED
        self._dropped.setdefault(text, DroppedClaim(text=text, why=why, checked_by=checked_by))


def _superfluous(piece: Piece) -> str | None:
    """Why a sentence that is true is no part of a brief; None where it is."""
    if piece.field == "open_questions" and is_ping(piece.text):
        return _PING
    return None


def _own_time(piece: Piece, givers: Sequence[Interaction]) -> str | None:
    """The time that a model names with more around it, `today (said on 17 February)`, in the words of the giver."""
    name = piece.origin.due if isinstance(piece.origin, Promised) and piece.origin.due else None
    bare = name.split("(")[0].strip() if name else ""
    named = [time for time in (bare, time_in(bare)) if time]
    return next((words for time in named for giver in givers if (words := standing(time, giver))), None)


def _claim(piece: Piece, verdict: Verdict) -> Claim:
    supported = verdict.supported
    return Claim(
        text=piece.text,
        evidence=piece.evidence,
        quotes=piece.quotes or verdict.quotes,
        support=verdict.score,
        verdict=VerdictKind.SUPPORTED if supported else VerdictKind.UNVERIFIED,
        checked_by=verdict.checked_by,
    )


def _text_of(story: Sequence[_Judged]) -> str:
    return " ".join(piece.text for piece, _ in story)


def _entities(shown: Sequence[_Judged]) -> list[Entity]:
    return [
        Entity(type=piece.origin.type, value=piece.text, evidence=piece.evidence)
        for piece, _ in shown
        if isinstance(piece.origin, Named)
    ]
