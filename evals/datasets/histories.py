"""LoCoMo as histories with questions."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from app.errors import InvalidRequest

_SESSION = re.compile(r"session_(\d+)")


def locomo(content: Any, part: str | None) -> Iterator[Mapping[str, Any]]:
    """LoCoMo (A. Maharana et al., 2024): a list of samples with `conversation` and `qa`."""
    if part is not None:
        raise InvalidRequest(f"it is not divided into parts, so there is no {part!r}.")
    for row in content:
        conversation = row["conversation"]
        numbers = sorted(int(match[1]) for key in conversation if (match := _SESSION.fullmatch(key)))
        yield {
            "id": f"locomo-{row['sample_id']}",
            "speakers": [conversation["speaker_a"], conversation["speaker_b"]],
            "sessions": [_session(conversation, number) for number in numbers],
            "qa": [
                {
                    "question": question["question"],
                    "evidence": question.get("evidence") or [],
                    "category": question.get("category"),
                }
                for question in row["qa"]
            ],
        }


def _session(conversation: Mapping[str, Any], number: int) -> Mapping[str, Any]:
    turns = [
        {"id": turn["dia_id"], "speaker": turn["speaker"], "text": turn["text"]}
        for turn in conversation[f"session_{number}"]
    ]
    return {"n": number, "date_time": conversation[f"session_{number}_date_time"], "turns": turns}
