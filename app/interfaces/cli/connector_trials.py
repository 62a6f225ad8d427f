"""`warmline connectors test`: what bodies in files would be taken for, in a ledger that is thrown away."""

import asyncio
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, cast

import orjson

from app.errors import InvalidRequest, WarmlineError
from app.ids import new_id
from app.interfaces.cli.common import STANDARD_INPUT, TENANT, name_of, opened, screen, settings_in_force
from app.interfaces.cli.sandbox import all_interactions, empty_app
from app.interfaces.terminal_card import card
from app.models import Handoff, HandoffRequest, Interaction, InteractionDraft, Problem, Recorded, RowWarning, Visibility
from app.services import App
from app.services.trial_webhooks import TriedBody, as_posted, recognised, tried

_SUFFIXES = frozenset({".json", ".ndjson", ".jsonl"})
_LONGEST = 60
_CONFLICT = "idempotency_conflict"
_SHARED_ID = RowWarning(
    field="id", code="shared_id", detail="Another body here has a row of this id with other content. Both are shown."
)


class _Body(NamedTuple):
    """One body of a file, and the headers that it came with where the file has them."""

    file: str
    name: str
    content: bytes
    headers: Mapping[str, str]


class _BodyTrial(NamedTuple):
    """What a body was taken for, and what became of its rows."""

    file: str
    body: TriedBody
    results: Sequence[Recorded]

    @property
    def is_understood(self) -> bool:
        """Whether all of it is in the ledger."""
        return self.body.is_understood and all(result.problem is None for result in self.results)


class _ShownBrief(NamedTuple):
    """The handoff of one conversation, with what it stands on."""

    handoff: Handoff
    interactions: Sequence[Interaction]


def try_bodies(files: Sequence[str], *, platform: str | None, brief: bool, as_json: bool) -> None:
    """Print what the bodies were taken for; the command fails unless all were read. Raises InvalidRequest."""
    bodies = [body for file in _files(files) for body in _bodies(file, platform)]
    if not bodies:
        raise InvalidRequest("There is no JSON file in what you named.")
    trials, briefs = asyncio.run(_tried(bodies, platform, brief=brief))
    if as_json:
        document = {"bodies": [_document(trial) for trial in trials]}
        if brief:
            document["briefs"] = [json.loads(shown.handoff.model_dump_json(exclude={"request"})) for shown in briefs]
        sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=2) + "\n")
    else:
        for trial in trials:
            _print_trial(trial)
        for shown in briefs:
            screen().print(card(shown.handoff, list(shown.interactions)))
    missed = sum(not trial.is_understood for trial in trials)
    if missed:
        raise InvalidRequest(f"{missed} of {len(trials)} bodies were not read, or not whole.")


async def _tried(
    bodies: Sequence[_Body], platform: str | None, *, brief: bool
) -> tuple[Sequence[_BodyTrial], Sequence[_ShownBrief]]:
    async with empty_app(settings_in_force()) as app:
        trials: list[_BodyTrial] = []
        for body in bodies:
            read = await tried(body.name, body.content, platform=platform, headers=body.headers)
            trials.append(_BodyTrial(body.file, read, await _recorded(app, read.drafts) if read.drafts else ()))
        return trials, await _briefs(app, trials) if brief else ()


async def _recorded(app: App, drafts: Sequence[InteractionDraft | Problem]) -> Sequence[Recorded]:
    """What became of a body's rows. Samples often share an id, which a platform never gives twice: the later row then
    gets one of its own, so that each is seen.
    """
    results = list((await app.interactions.record(TENANT, drafts)).results)
    for index, (draft, result) in enumerate(zip(drafts, results, strict=True)):
        if isinstance(draft, Problem) or result.problem is None or result.problem.code != _CONFLICT:
            continue
        renamed = draft.model_copy(update={"id": new_id("int")})
        (again,) = (await app.interactions.record(TENANT, [renamed])).results
        results[index] = again.model_copy(update={"warnings": (*again.warnings, _SHARED_ID), "id": draft.id})
    return results


async def _briefs(app: App, trials: Sequence[_BodyTrial]) -> Sequence[_ShownBrief]:
    """The brief of each conversation, in the order in which they first came up, a second after its last row."""
    await app.warm_up()
    drafts = [draft for trial in trials for draft in trial.body.drafts if isinstance(draft, InteractionDraft)]
    talks = dict.fromkeys(draft.conversation_id for draft in drafts if draft.conversation_id)
    shown: list[_ShownBrief] = []
    for conversation_id in talks:
        try:
            handoff = await app.handoffs.create(TENANT, HandoffRequest(conversation_id=conversation_id))
        except WarmlineError:
            continue
        shown.append(_ShownBrief(handoff, await all_interactions(app, handoff.customer_id)))
    return shown


def _files(names: Sequence[str]) -> Iterator[str]:
    for name in names:
        path = Path(name)
        if name != STANDARD_INPUT and path.is_dir():
            yield from (str(file) for file in sorted(path.rglob("*")) if file.suffix in _SUFFIXES)
        else:
            yield name


def _bodies(file: str, platform: str | None) -> Iterator[_Body]:
    """The bodies of a file: one, an object of named ones, a list of them, or one a line."""
    with opened(file) as source:
        content = source.read()
    try:
        value: Any = orjson.loads(content)
    except orjson.JSONDecodeError:
        lines = [line for line in content.splitlines() if line.strip()]
        if len(lines) > 1 and all(line.lstrip().startswith(b"{") for line in lines):
            yield from (_Body(file, str(number), line, {}) for number, line in enumerate(lines, 1))
        else:
            yield _Body(file, Path(file).stem if file != STANDARD_INPUT else "body", content.strip(), {})
        return
    for name, body in _named(value, Path(file).stem if file != STANDARD_INPUT else "body", platform):
        yield _as_sent(file, name, body)


def _named(value: Any, name: str, platform: str | None) -> Iterator[tuple[str, Any]]:
    if _is_body(value, platform):
        yield name, value
    elif isinstance(value, list):
        yield from ((f"{name}[{index}]", part) for index, part in enumerate(cast(list[Any], value)))
    elif isinstance(value, dict) and all(
        isinstance(part, dict | list) for part in cast(dict[str, Any], value).values()
    ):
        for key, part in cast(dict[str, Any], value).items():
            yield from _named(part, key, platform) if isinstance(part, list) else ((key, part),)
    else:
        yield name, value


def _is_body(value: Any, platform: str | None) -> bool:
    body = _as_sent("", "", value)
    connector = recognised(as_posted(body.content, body.headers))
    return connector is not None and platform in (None, connector.name)


def _as_sent(file: str, name: str, value: Any) -> _Body:
    """A body by itself, or with the headers that it came with: `{"headers": {…}, "body": …}`."""
    if isinstance(value, dict) and {"headers", "body"} <= cast(dict[str, Any], value).keys():
        whole = cast(dict[str, Any], value)
        headers = {str(key).lower(): str(part) for key, part in cast(dict[str, Any], whole["headers"] or {}).items()}
        value = whole["body"]
    else:
        headers = {}
    return _Body(file, name, value.encode() if isinstance(value, str) else orjson.dumps(value), headers)


def _document(trial: _BodyTrial) -> dict[str, Any]:
    body = trial.body
    return {
        "file": trial.file,
        "name": body.name,
        "platform": body.platform,
        "understood": trial.is_understood,
        "event_types": list(body.event_types),
        "problem": body.problem,
        "rows": [_row(draft, result) for draft, result in zip(body.drafts, trial.results, strict=True)],
    }


def _row(draft: InteractionDraft | Problem, result: Recorded) -> dict[str, Any]:
    row = {} if isinstance(draft, Problem) else draft.model_dump(mode="json")
    became = result.model_dump(mode="json", include={"match", "duplicate", "warnings", "problem", "customer_id"})
    return row | became


def _print_trial(trial: _BodyTrial) -> None:
    """A body with a line for each of its rows."""
    body = trial.body
    kinds = ", ".join(dict.fromkeys(body.event_types))
    _print(f"{name_of(trial.file)} · {body.name}: {body.platform or 'unknown'}{f' ({kinds})' if kinds else ''}")
    if body.problem:
        _print(f"  not read: {body.problem}")
    elif not body.drafts:
        _print("  nothing to file")
    for draft, result in zip(body.drafts, trial.results, strict=True):
        _print(f"  {_line(draft)}")
        for warning in result.warnings:
            _print(f"    warning {warning.code}: {warning.detail}")
        if result.problem is not None:
            _print(f"    refused {result.problem.code}: {result.problem.detail}")
        elif result.duplicate:
            _print("    a duplicate of an earlier row")


def _line(draft: InteractionDraft | Problem) -> str:
    if isinstance(draft, Problem):
        return "a row that does not fit"
    text = " ".join(draft.text.split())
    quoted = f" “{text[:_LONGEST]}{'…' if len(text) > _LONGEST else ''}”" if text else ""
    name = f" {draft.name}" if draft.name else ""
    internal = " internal" if draft.visibility is Visibility.INTERNAL else ""
    target = f" of {draft.target_id}" if draft.target_id else ""
    talk = f" in {draft.conversation_id}" if draft.conversation_id else ""
    return f"{draft.actor.value} {draft.channel.value} {draft.kind.value}{internal}{name}{target}{quoted}{talk}"


def _print(line: str) -> None:
    screen().print(line, markup=False, soft_wrap=True)
