"""tau-bench, ABCD and SGD as conversation files."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from app.errors import InvalidRequest

_TAU_ROLES = {"user": "customer", "assistant": "bot"}
_ABCD_ROLES = {"customer": "customer", "agent": "agent"}
_SGD_ROLES = {"USER": "customer", "SYSTEM": "bot"}


def tau_bench(content: Any, part: str | None) -> Iterator[Mapping[str, Any]]:
    """Trajectories of tau-bench (S. Yao et al., 2024): a list with `task_id`, `reward`, `info` and `traj`."""
    _no_part(part)
    for index, row in enumerate(content):
        task = row["info"]["task"]
        turns = [turn for message in row["traj"] for turn in _tau_turns(message)]
        yield {
            "id": f"tau-{row['task_id']}-{row.get('trial', index)}",
            "customer_ref": task["user_id"],
            "bot_succeeded": row["reward"] == 1.0,
            "turns": turns,
            "gold": {"goal": task["instruction"], "actions": task["actions"]},
        }


def abcd(content: Any, part: str | None) -> Iterator[Mapping[str, Any]]:
    """The Action-Based Conversations Dataset (D. Chen et al., 2021): `part` is train (the default), dev or test."""
    for row in _part(content, part or "train"):
        personal = row["scenario"]["personal"]
        turns = [_abcd_turn(speaker, text, row, index) for index, (speaker, text) in enumerate(row["original"])]
        yield {
            "id": f"abcd-{row['convo_id']}",
            **({"customer_ref": personal["username"]} if personal.get("username") else {}),
            "turns": [turn for turn in turns if turn],
        }


def sgd(content: Any, part: str | None) -> Iterator[Mapping[str, Any]]:
    """The Schema-Guided Dialogue dataset (A. Rastogi et al., 2020): one of its files of dialogues."""
    _no_part(part)
    for row in content:
        turns = [
            {
                "role": _SGD_ROLES[turn["speaker"]],
                "text": turn["utterance"],
                "intents": [
                    frame["state"]["active_intent"]
                    for frame in turn["frames"]
                    if frame.get("state", {}).get("active_intent", "NONE") != "NONE"
                ],
            }
            for turn in row["turns"]
        ]
        yield {"id": f"sgd-{row['dialogue_id']}", "services": row["services"], "turns": turns}


def _tau_turns(message: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    role, text = message["role"], message.get("content")
    if role == "tool":
        yield {"role": "tool_result", "name": message["name"], "text": text or ""}
    elif role in _TAU_ROLES:
        if text:
            yield {"role": _TAU_ROLES[role], "text": text}
        for call in message.get("tool_calls") or ():
            called = call["function"]
            yield {"role": "tool_call", "name": called["name"], "arguments": json.loads(called["arguments"])}


def _abcd_turn(speaker: str, text: str, row: Mapping[str, Any], index: int) -> Mapping[str, Any] | None:
    if speaker in _ABCD_ROLES:
        return {"role": _ABCD_ROLES[speaker], "text": text}
    # What the agent pressed stands in `targets` of the same turn: its kind, the button, and the values filled in.
    delexed: Any = row.get("delexed")
    targets: Any = delexed[index].get("targets") if delexed and index < len(delexed) else None
    if not targets or not targets[2]:
        return None
    filled: Any = targets[3] or ()
    values = {f"value_{number}": value for number, value in enumerate(filled, start=1)}
    return {"role": "tool_call", "name": targets[2].replace("-", "_"), "arguments": values, "actor": "agent"}


def _part(content: Any, part: str) -> Any:
    if part not in content:
        raise InvalidRequest(f"it has no part {part!r}; it has {', '.join(content)}.")
    return content[part]


def _no_part(part: str | None) -> None:
    if part is not None:
        raise InvalidRequest(f"it is not divided into parts, so there is no {part!r}.")
