"""The labelled conversations of `evals/cases/secrets.txt`, and what becomes of them when they are filed."""

import json
import re
from importlib.resources import files
from typing import NamedTuple

from app.adapters.memory import MemoryLedger
from app.identity import Rules
from app.ledger import Recorder
from app.models import Actor, InteractionDraft, Kind
from tests.support.builders import draft

_ACTORS = {"C": Actor.CUSTOMER, "B": Actor.BOT, "A": Actor.AGENT, "K": Actor.CUSTOMER, "D": Actor.SYSTEM}
_LAST = "looked at last"
_SIGNS = re.compile(r"[^\W\d_]+|\d")


class Case(NamedTuple):
    """A conversation; `turns` as they are written in the file, with the secrets in «»."""

    line: int
    language: str
    turns: tuple[str, ...]
    held_out: bool

    @property
    def is_secret(self) -> bool:
        """Whether it tells a secret at all."""
        return any("«" in turn for turn in self.turns)


def secret_cases() -> list[Case]:
    """All cases in order."""
    cases: list[Case] = []
    held_out = False
    text = (files("evals") / "cases" / "secrets.txt").read_text(encoding="utf-8")
    for number, line in enumerate(text.splitlines(), 1):
        held_out = held_out or _LAST in line
        if line and not line.startswith("#"):
            language, _, rest = line.partition(" | ")
            cases.append(Case(number, language, tuple(rest.replace("\\n", "\n").split(" | ")), held_out))
    return cases


def _drafts(case: Case) -> list[InteractionDraft]:
    drafts: list[InteractionDraft] = []
    for turn in case.turns:
        who, content = turn[0], re.sub("[«»]", "", turn[3:])
        fields = {"actor": _ACTORS[who], "conversation_id": f"c{case.line}"}
        if who == "K":
            drafts.append(draft(kind=Kind.EVENT, name="dtmf", data={"digits": content}, **fields))
        elif who == "D":
            drafts.append(draft(kind=Kind.EVENT, name="step", data=json.loads(content), **fields))
        else:
            drafts.append(draft(content, **fields))
    return drafts


async def filed(case: Case) -> list[str]:
    """What stands in the ledger of each turn, each filed by a request of its own."""
    ledger = MemoryLedger()
    recorder = Recorder(ledger, Rules())
    for turn_draft in _drafts(case):
        await recorder.record("t", [turn_draft])
    rows = [row for _, _, row in await ledger.after_position(0, 100)]
    return [row.text or json.dumps(dict(row.data), ensure_ascii=False) for row in rows]


async def faults(case: Case) -> list[str]:
    """Secrets of a case that stayed, and words or figures that went although they are needed."""
    complaints: list[str] = []
    for turn, shown in zip(case.turns, await filed(case), strict=True):
        original = turn[3:] if turn[0] in "CBA" else json.dumps(_drafts(case)[case.turns.index(turn)].data)
        shown_signs = _SIGNS.findall(re.sub(r"••••\d{4}", "", shown))
        for secret in re.findall("«(.*?)»", turn):
            signs = _SIGNS.findall(re.sub(r"&nbsp;|</?b>", " ", secret))
            if _holds(shown_signs, signs):
                complaints.append(f"line {case.line}: stayed {secret!r} in {shown!r}")
        if "«" not in turn and turn[0] in "CBA" and shown != original:
            complaints.append(f"line {case.line}: masked {original!r} as {shown!r}")
        elif "«" not in turn and turn[0] in "KD" and "•" in shown:
            complaints.append(f"line {case.line}: masked {turn!r} as {shown!r}")
        elif "«" in turn and (gone := _gone(turn, shown_signs)):
            complaints.append(f"line {case.line}: went with the secret {gone} in {shown!r}")
    return complaints


def _holds(shown_signs: list[str], signs: list[str]) -> bool:
    size = len(signs)
    return any(shown_signs[at : at + size] == signs for at in range(len(shown_signs) - size + 1))


def _gone(turn: str, shown_signs: list[str]) -> list[str]:
    needed = [sign for sign in _SIGNS.findall(re.sub("«.*?»", " ", turn[3:])) if sign.isalpha()]
    return [sign for sign in needed if sign not in shown_signs]
