"""The words that stand around what a brief tells, in the language that the brief is written in.

A model words a brief in the customer's language; what our own engine adds beside it, who said something, how a step
ended and how often it was tried, has to read alike. The engine writes English, by fixed forms, so that each of its
sentences can be put into another language whole; what has none of these forms stays as it is.
"""

from collections.abc import Sequence
from functools import cache

from app.models import ActionTaken, Actor, Brief, Commitment, Outcome
from app.nlu.dialogue_acts import is_english
from app.nlu.languages import language_of
from app.nlu.tables import ENGLISH, FrameWords, Language, sentences_of

_LONGEST_STEP = 200


class Frames(FrameWords):
    """The words of one language, and the sentences made of them."""

    def quotation(self, actor: Actor, words: str) -> str:
        """That somebody said something, with the words in quotation marks."""
        who = self.actors[actor]
        return self.speech.format(who=who[:1].upper() + who[1:], words=words)

    def since_then(self, actor: Actor, words: str, *, others: int, spoken: bool = False) -> str:
        """That somebody wrote something since, or said it, the last of so many messages more."""
        after = _counted(self.after, others) if others else ""
        form = (self.spoke or self.wrote) if spoken else self.wrote
        return form.format(actor=self.actors[actor], quotation=words, after=after)

    def new_steps(self, count: int) -> str:
        """That something was done since."""
        return _counted(self.steps, count)

    def due_of(self, commitment: Commitment) -> str:
        """By when something was promised, and on which day that was said; empty where no time was named."""
        if commitment.due is None:
            return ""
        on = "" if commitment.at is None else ", " + self.on.format(day=f"{commitment.at:%Y-%m-%d}")
        return self.due.format(time=commitment.due) + on

    def tried(self, step: str, outcomes: Sequence[Outcome]) -> str:
        """A step with how often it was tried, and how the attempts before the last ended where that was otherwise.

        No other number stands in it: `2 failed` beside `3 attempts` would have to be checked by whoever reads it.
        """
        if len(outcomes) == 1:
            return step
        *before, last = outcomes
        note = ""
        if last is Outcome.SUCCEEDED and set(before) == {Outcome.FAILED}:
            note = self.failed_before[len(before) > 1]
        elif set(outcomes) != {last}:
            note = self.mixed
        return f"{step} ({len(outcomes)} {self.attempts}{note})"


def _counted(forms: tuple[str, str], count: int) -> str:
    return forms[count > 1].format(count=count)


@cache
def frames_in(language: Language) -> Frames:
    """The words of a language; English ones where it has none."""
    return Frames.model_validate(sentences_of(language).frames.model_dump())


def frames_of(brief: Brief) -> Frames:
    """The words around what a brief tells, in its language; English where that is none of ours."""
    return known_frames_of(brief) or frames_in(ENGLISH)


def known_frames_of(brief: Brief) -> Frames | None:
    """The words of a brief's language, with the customer as the brief has it; None where it is none of ours."""
    # Where a model left something out, our own English stands there: the situation tells most.
    prose = " ".join(filter(None, (brief.contact_reason, brief.situation, brief.customer_expectation)))
    language = language_of(brief.situation or "") or language_of(prose) or (ENGLISH if is_english(prose) else None)
    return None if language is None else _calling_customer_as(prose, frames_in(language))


def framed_as(brief: Brief, worded: Brief) -> Brief:
    """Our own brief with its steps, its history and their claims put into the language of one that a model worded."""
    frames = frames_of(worded)
    if frames == frames_in(ENGLISH):
        return brief
    reworded = {item.text: _sentence(item.text, frames) for item in brief.history}
    history = tuple(item.model_copy(update={"text": reworded[item.text]}) for item in brief.history)
    claims = tuple(claim.model_copy(update={"text": reworded.get(claim.text, claim.text)}) for claim in brief.claims)
    steps = tuple(step.model_copy(update={"step": _step(step, frames)}) for step in brief.actions_taken)
    return brief.model_copy(update={"history": history, "claims": claims, "actions_taken": steps})


def _calling_customer_as(prose: str, frames: Frames) -> Frames:
    """The words of a language with the customer as a woman, where that is what the prose calls her."""
    feminine = frames.customer_feminine
    letters = "".join(letter if letter.isalpha() else " " for letter in prose.casefold())
    if feminine is None or f" {feminine.casefold()} " not in f" {' '.join(letters.split())} ":
        return frames
    return frames.model_copy(update={"actors": {**frames.actors, Actor.CUSTOMER: feminine}})


def _sentence(text: str, frames: Frames) -> str:
    english = frames_in(ENGLISH)
    for actor in Actor:
        opening = english.quotation(actor, "“")
        if text.startswith(opening):
            return frames.quotation(actor, f"“{text.removeprefix(opening)}")
    for outcome, form in english.ended.items():
        before, after = form.split("{step}")
        step = text.removeprefix(before).removesuffix(after)
        if text == f"{before}{step}{after}" and 0 < len(step) <= _LONGEST_STEP and not set(step) & set("“”"):
            return frames.ended[outcome].format(step=step)
    return text


def _step(action: ActionTaken, frames: Frames) -> str:
    """A step with the note of its attempts, which `Frames.tried` made in English, in another language."""
    english = frames_in(ENGLISH)
    notes = {"": "", english.mixed: frames.mixed} | dict(zip(english.failed_before, frames.failed_before, strict=True))
    for note, reworded in notes.items():
        step, bracket, count = action.step.removesuffix(f" {english.attempts}{note})").rpartition(" (")
        if bracket and count.isdecimal() and action.step.endswith(f" {english.attempts}{note})"):
            return f"{step} ({count} {frames.attempts}{reworded})"
    return action.step
