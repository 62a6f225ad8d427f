"""What our side did or promised and the customer then took back: it is told as that, and stands no more.

A message of the customer's takes back what our side has just said it did or will do, or what of it, also earlier, the
message names. Of what was carried out by a step it is the step that is named, else what was booked, else the only one.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from app.briefs.commitments import is_promise
from app.briefs.reading import Utterance
from app.briefs.steps import AttemptedStep, humanised, tells_deed
from app.models import Actor, Interaction, Outcome
from app.nlu.revoking import Withdrawal, withdrawal_in
from app.nlu.words import terms

_MOST_EARLIER = 24


class Revocation(NamedTuple):
    """What our side had said, and the customer's sentence that takes it back.

    What is only declined, as not in time or unsuitable, still stands until somebody undoes it.
    """

    ours: Utterance
    by: Utterance
    only_declined: bool = False


class Revocations(NamedTuple):
    """What was taken back: what our side had said, and steps by their places."""

    sentences: tuple[Revocation, ...]
    steps: frozenset[int]


def revocations(utterances: Sequence[Utterance], steps: Sequence[AttemptedStep]) -> Revocations:
    """Which of our deeds, promises and steps the customer took back, each once."""
    by_sentence: dict[int, Revocation] = {}
    gone: set[int] = set()
    by_conversation: dict[str | None, list[Utterance]] = {}
    for utterance in utterances:
        by_conversation.setdefault(utterance.interaction.conversation_id, []).append(utterance)
    for talk in by_conversation.values():
        taken_back = {id(each): withdrawal for each in talk if (withdrawal := _withdrawal_of(each)) is not None}
        # Most customers take nothing back; what our side arranged need not be looked for then.
        for message in _messages(talk) if taken_back else ():
            withdrawals = [(each, taken_back[id(each)]) for each in message.sentences if id(each) in taken_back]
            for theirs, withdrawal in withdrawals:
                for ours in message.arranged:
                    if withdrawal.means(ours.terms, is_reply=message.answers(ours.interaction)):
                        revocation = Revocation(ours, theirs, only_declined=not withdrawal.calls_off)
                        before = by_sentence.get(id(ours))
                        if before is None or (before.only_declined and withdrawal.calls_off):
                            by_sentence[id(ours)] = revocation
            explicit = [withdrawal for _, withdrawal in withdrawals if withdrawal.calls_off]
            gone.update(_steps_taken_back(steps, message, explicit))
    return Revocations(tuple(by_sentence.values()), frozenset(gone))


def without_revoked(steps: Sequence[AttemptedStep], revoked: Revocations) -> tuple[AttemptedStep, ...]:
    """The steps, where those that were taken back are marked so: whether they were undone nobody has told yet."""
    called_off = [each.ours for each in revoked.sentences if not each.only_declined]
    reported = {(ours.text, ours.interaction.interaction_id) for ours in called_off}
    return tuple(
        _taken_back(step)
        if index in revoked.steps or (step.reported and (step.name, step.action.evidence[-1]) in reported)
        else step
        for index, step in enumerate(steps)
    )


class _MessageWithdrawals(NamedTuple):
    """A message of the customer's, the one before it, and what our side had done or promised in between and earlier."""

    sentences: tuple[Utterance, ...]
    before: Interaction | None
    arranged: tuple[Utterance, ...]

    @property
    def row(self) -> Interaction:
        return self.sentences[0].interaction

    def answers(self, row: Interaction) -> bool:
        """Whether the message is the first one after something of ours."""
        return self.before is None or (self.before.occurred_at, self.before.seq) < (row.occurred_at, row.seq)

    def follows(self, step: AttemptedStep) -> bool:
        """Whether the message is the first one after a step."""
        since = self.before
        return (since is None or since.occurred_at <= step.action.at) and step.action.at <= self.row.occurred_at


def _withdrawal_of(utterance: Utterance) -> Withdrawal | None:
    """What a sentence of the customer's takes back."""
    if utterance.pasted or not utterance.by_customer:
        return None
    return withdrawal_in(utterance.text, utterance.reading)


def _messages(talk: Sequence[Utterance]) -> Iterator[_MessageWithdrawals]:
    arranged: list[Utterance] = []
    before: Interaction | None = None
    for _, spoken in groupby(talk, key=lambda utterance: utterance.interaction.interaction_id):
        sentences = tuple(spoken)
        if sentences[0].by_customer:
            yield _MessageWithdrawals(sentences, before, tuple(arranged[-_MOST_EARLIER:]))
            before = sentences[0].interaction
        else:
            arranged += [each for each in sentences if is_promise(each) or tells_deed(each)]


def _steps_taken_back(
    steps: Sequence[AttemptedStep], message: _MessageWithdrawals, withdrawals: Sequence[Withdrawal]
) -> Sequence[int]:
    """The places of the steps of our side that a message takes back."""
    if not withdrawals:
        return []
    done = [index for index, step in enumerate(steps) if _is_ours(step) and step.action.at <= message.row.occurred_at]
    words = {index: _words_of(steps[index]) for index in done}
    named = [index for index in done if any(each.means(words[index], is_reply=False) for each in withdrawals)]
    latest = [index for index in done if message.follows(steps[index])]
    booked = [index for index in latest if steps[index].booking is not None]
    meant = booked or (latest if len(latest) == 1 else [])
    return named or [index for index in meant if any(each.means(words[index], is_reply=True) for each in withdrawals)]


def _is_ours(step: AttemptedStep) -> bool:
    is_done = step.action.outcome is Outcome.SUCCEEDED and not step.reported and not step.only_found
    return is_done and step.action.actor is not Actor.CUSTOMER


def _words_of(step: AttemptedStep) -> tuple[str, ...]:
    booked = step.booking.words if step.booking else ""
    return terms(f"{humanised(step.name)} {' '.join(step.subject)} {booked}")


def _taken_back(step: AttemptedStep) -> AttemptedStep:
    action = step.action.model_copy(update={"outcome": Outcome.UNKNOWN})
    outcomes = (*step.outcomes[:-1], Outcome.UNKNOWN)
    return step._replace(action=action, outcomes=outcomes, booking=None, taken_back=True)
