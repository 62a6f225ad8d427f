"""`warmline eval friction`: whether friction is high where annotators found the customer dissatisfied.

A file of rated dialogues: a blank line between dialogues; a line is the speaker (USER or SYSTEM), the text, an action
and the ratings from 1 to 5 with commas between, divided by tabs. Each is filed as one conversation into an App of its
own, which then tells how friction stood at each message of its customer, by what had been said up to it. A message
counts as a dissatisfied one when its mean rating is under 2.5. The action is not read, nor is a text OVERALL.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from statistics import mean
from typing import Any, NamedTuple

from app.bootstrap import build
from app.errors import InvalidRequest
from app.models import Actor, Channel, Identifier, InteractionDraft, Kind, Record
from app.services import App
from app.settings import Settings
from evals.workspace import workspace

DISSATISFIED = 2.5
_TENANT = "default"
_START = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
_BETWEEN_TURNS = timedelta(seconds=20)
_RATINGS = re.compile(r"[1-5](?:,[1-5])*")
_OF_THE_WHOLE = "OVERALL"
_SPEAKERS = {"USER": Actor.CUSTOMER, "SYSTEM": Actor.BOT}


class FrictionFigures(Record):
    """What `eval friction` prints: `n` messages, areas under the curve, the 95 % interval of the gain.

    `auc_strain` is that of the last message's wording and context alone, without the signals. `calibration_error` is
    the mean distance of friction from the share of dissatisfied messages, over tenths of the messages by friction.
    """

    n: int
    dissatisfied: int
    dialogues: int
    auc: float
    auc_lexicon: float
    gain: float
    gain_ci: tuple[float, float]
    auc_strain: float
    calibration_error: float
    mean_friction: float
    seconds: float


class RatedTurn(NamedTuple):
    """One turn of a dialogue; the rating is the mean of its annotators', None where it has none."""

    actor: Actor
    text: str
    rating: float | None


class RatedMessage(NamedTuple):
    """A rated message with what the App made of it."""

    dialogue: int
    text: str
    dissatisfied: bool
    friction: float
    strain: float
    traits: Mapping[str, float]


async def evaluate(
    path: Path, settings: Settings, *, progress: Callable[[int, int], None] | None = None
) -> FrictionFigures:
    """The figures over a file of rated dialogues. Raises InvalidRequest, which names the line."""
    started = datetime.now(UTC)
    judged = await judge_file(path, settings, progress=progress)
    return figures(judged, seconds=(datetime.now(UTC) - started).total_seconds())


async def judge_file(
    path: Path, settings: Settings, *, progress: Callable[[int, int], None] | None = None
) -> list[RatedMessage]:
    """Every rated message of a file, judged. Raises InvalidRequest, which names the line."""
    dialogues = list(read_dialogues(path))
    judged: list[RatedMessage] = []
    with workspace(settings) as own:
        # The app is not entered: friction needs no vectors.
        app = build(own)
        try:
            for number, turns in enumerate(dialogues):
                judged.extend(await _judge(app, number, turns))
                if progress:
                    progress(number + 1, len(dialogues))
        finally:
            await app.close()
    return judged


async def _judge(app: App, number: int, turns: Sequence[RatedTurn]) -> list[RatedMessage]:
    conversation = f"dialogue-{number}"
    identifiers = (Identifier(type="account_id", value=conversation, verified=True),)
    answer = await app.interactions.record(
        _TENANT,
        [
            InteractionDraft(
                id=f"{conversation}-{index}",
                occurred_at=_START + index * _BETWEEN_TURNS,
                channel=Channel.CHAT,
                actor=turn.actor,
                kind=Kind.MESSAGE,
                conversation_id=conversation,
                identifiers=identifiers,
                text=turn.text,
            )
            for index, turn in enumerate(turns)
        ],
    )
    rated = {
        row.interaction_id: turn
        for row, turn in zip(answer.results, turns, strict=True)
        if turn.rating is not None and turn.actor is Actor.CUSTOMER
    }
    course = await app.signals.conversation_friction(_TENANT, conversation)
    return [
        RatedMessage(
            dialogue=number,
            text=rated[moment.interaction_id].text,
            dissatisfied=(rated[moment.interaction_id].rating or 0.0) < DISSATISFIED,
            friction=moment.intervention.friction,
            strain=moment.strain,
            traits=moment.traits,
        )
        for moment in course.moments
        if moment.interaction_id in rated
    ]


def figures(judged: Sequence[RatedMessage], *, seconds: float = 0.0) -> FrictionFigures:
    """The figures over judged messages. Raises InvalidRequest unless some are dissatisfied and some are not."""
    import numpy as np

    from evals.statistics import area_under_curve, calibration_error, gain_interval

    wanted = np.array([message.dissatisfied for message in judged], dtype=np.float64)
    if not 0 < wanted.sum() < len(judged):
        raise InvalidRequest(
            "The file needs rated messages of both kinds: dissatisfied (mean rating under 2.5) or not."
        )
    friction = np.array([message.friction for message in judged])
    lexicon = np.array([-_lexicon_score(message.text) for message in judged])
    area, plain = area_under_curve(friction, wanted), area_under_curve(lexicon, wanted)
    groups = [message.dialogue for message in judged]
    return FrictionFigures(
        n=len(judged),
        dissatisfied=int(wanted.sum()),
        dialogues=len(set(groups)),
        auc=area,
        auc_lexicon=plain,
        gain=area - plain,
        gain_ci=gain_interval(friction, lexicon, wanted, groups),
        auc_strain=area_under_curve(np.array([message.strain for message in judged]), wanted),
        calibration_error=calibration_error(friction, wanted),
        mean_friction=mean(message.friction for message in judged),
        seconds=seconds,
    )


def read_dialogues(path: Path) -> Iterator[list[RatedTurn]]:
    """The dialogues of a file, each as its turns. Raises InvalidRequest, which names the line."""
    turns: list[RatedTurn] = []
    for number, line in enumerate(path.read_text(encoding="utf-8-sig").splitlines(), start=1):
        if line.strip():
            turns.extend(_turn(line, f"{path}:{number}"))
        elif turns:
            yield turns
            turns = []
    if turns:
        yield turns


def _turn(line: str, position: str) -> Iterator[RatedTurn]:
    speaker, *rest = line.split("\t")
    actor = _SPEAKERS.get(speaker.strip().upper())
    if actor is None or not rest:
        raise InvalidRequest(
            f"{position}: A line is USER or SYSTEM, the text, an action and the ratings, divided by tabs; this is none."
        )
    if rest[0].strip() != _OF_THE_WHOLE:
        ratings = rest[-1].strip() if len(rest) > 1 else ""
        rated = _RATINGS.fullmatch(ratings)
        yield RatedTurn(actor, rest[0].strip(), mean(map(int, ratings.split(","))) if rated else None)


def _lexicon_score(text: str) -> float:
    compound: float = _lexicon().polarity_scores(text)["compound"]
    return compound


@cache
def _lexicon() -> Any:
    # VADER (Hutto and Gilbert, ICWSM 2014) as it comes, without what our own reading of feelings changes in it.
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    return SentimentIntensityAnalyzer()
