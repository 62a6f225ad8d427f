"""Reads the labelled conversations of `evals/labels` as sentences in their setting. `evals/labels/README.md` says more.

Public conversations are only labelled there; their texts are read from the folder that holds them.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple, cast
from zlib import crc32

from app.errors import InvalidRequest
from app.nlu import Setting, Talk

FOLDER = Path(__file__).parents[1] / "labels"
Split = Literal["development", "held_out"]
SINGLE = ("sentences", "human", "staff", "customer", "care", "tried", "future", "deeds", "terse", "decisions", "turns")
"""Files of single sentences, each rich in what its name says."""
SPLIT = "withdrawals"
"""A file of single sentences of which some are held out, by families of wordings: each line names its split."""
WHOLE = ("written.jsonl", "changes.jsonl")
"""Files of whole conversations that may be fitted to."""
# Acts that no warning, and no word of relief, is labelled as.
_NO_WARNING = ("answer", "greeting", "thanks", "farewell", "question", "refusal", "withdrawal", "offer", "other")
_NO_RELIEF = (
    "request",
    "question",
    "complaint",
    "condition",
    "refusal",
    "withdrawal",
    "greeting",
    "offer",
    "promise",
    "other",
)
_HANDING_ON = "transfer_to_human_agents"


class LabelledSentence(NamedTuple):
    """A sentence in its setting with its labels; None where a label was not asked for.

    `at` is where it stands, like `t3.s1`. `state` is how the wish that it tells stood at the end, `closed_by` where
    that was said; `feeling` how the customer felt at the end of the whole conversation.
    """

    conversation: str
    source: str
    language: str
    text: str
    setting: Setting
    act: str | None = None
    mood: str | None = None
    human: bool | None = None
    boilerplate: bool | None = None
    wish: bool | None = None
    key: bool | None = None
    promise: bool | None = None
    attempt: bool | None = None
    done: bool | None = None
    care: bool | None = None
    telling: bool | None = None
    warning: bool | None = None
    relief: bool | None = None
    state: str | None = None
    feeling: str | None = None
    at: str = ""
    closed_by: str | None = None


def development(shared: Path | None) -> list[LabelledSentence]:
    """All that may be fitted to; the airline's conversations only where `shared` is the folder that holds them."""
    rows = [row for name in WHOLE for fields in _lines(FOLDER / name) for row in _of_conversation(fields, "written")]
    for name in SINGLE:
        rows += (_single(f"{name}-{number}", fields) for number, fields in enumerate(_lines(FOLDER / f"{name}.jsonl")))
    rows += _split_sentences("development")
    if shared is not None:
        rows += (row for row in _of_shared(shared, "development") if row.source == "tau_airline")
    return rows


def held_out(shared: Path | None) -> list[LabelledSentence]:
    """What nothing is fitted to: conversations of our own, and public ones where `shared` holds them."""
    rows = [row for fields in _lines(FOLDER / "held_out.jsonl") for row in _of_conversation(fields, "written")]
    return rows + (list(_of_shared(shared, "held_out")) if shared is not None else [])


def held_out_sentences() -> list[LabelledSentence]:
    """Single sentences that nothing is fitted to, in wordings of which nothing was fitted to either."""
    return list(_split_sentences("held_out"))


def _split_sentences(split: Split) -> Iterator[LabelledSentence]:
    """Those of a split, a family of wordings like one conversation: none is judged by what its like have taught."""
    for fields in _lines(FOLDER / f"{SPLIT}.jsonl"):
        if fields["split"] == split:
            yield _single(f"{SPLIT}-{fields['family']}", fields)


def _lines(path: Path) -> Iterator[Mapping[str, Any]]:
    if not path.is_file():
        raise InvalidRequest(
            f"{path} is not there. Name the folder that holds the public files of {FOLDER / 'README.md'}."
        )
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def _of_conversation(fields: Mapping[str, Any], source: str) -> Iterator[LabelledSentence]:
    """The sentences of a conversation whose turns hold text and labels."""
    turns = [(actor, [text for text, *_ in sentences]) for actor, _, _, sentences in fields["turns"]]
    labels = {
        f"t{turn}.s{index}": (act, flags, mood)
        for turn, (*_, sentences) in enumerate(fields["turns"])
        for index, (_, act, flags, mood) in enumerate(sentences)
    }
    return _labelled(fields, source, turns, labels)


def _of_shared(folder: Path, split: Split) -> Iterator[LabelledSentence]:
    texts: dict[str, Mapping[str, Sequence[tuple[str, str]]]] = {}
    for fields in _lines(FOLDER / "shared.jsonl"):
        source = fields["source"]
        if fields["split"] != split or fields["reader"] != 1:
            continue
        if source not in texts:
            texts[source] = _READERS[source](folder)
        talk, turns = Talk(), list[tuple[str, list[str]]]()
        for actor, text in texts[source][fields["id"]]:
            is_said = actor in ("customer", "bot", "agent")
            sentences = talk.sentences(text, by_customer=actor == "customer", pasted_apart=False) if is_said else ()
            turns.append((actor, [sentence.text for sentence in sentences]))
        yield from _labelled(fields, source, turns, fields["labels"])


def _labelled(
    fields: Mapping[str, Any],
    source: str,
    turns: Iterable[tuple[str, Sequence[str]]],
    labels: Mapping[str, Sequence[Any]],
) -> Iterator[LabelledSentence]:
    wishes = {wish["at"]: wish["state"] for wish in fields["wishes"]}
    closing = {wish["at"]: wish.get("closed_by") for wish in fields["wishes"]}
    promises = {promise["at"] for promise in fields["promises"]}
    tried = {deed["at"] for deed in fields["deeds"] if deed["actor"] == "customer"}
    done = {deed["at"] for deed in fields["deeds"] if deed["actor"] != "customer" and deed["outcome"] == "succeeded"}
    named = {*wishes, *promises, *fields["key"], *(deed["at"] for deed in fields["deeds"])}
    named |= {wish["closed_by"] for wish in fields["wishes"] if wish.get("closed_by")}
    # Where one sentence of a conversation calls for care, others of it may too.
    calls_for_care = any("c" in flags for _, flags, _ in labels.values())
    talk = Talk()
    for turn, (actor, sentences) in enumerate(turns):
        by_customer = actor == "customer"
        settings = talk.settings(sentences, by_customer=by_customer) if sentences else ()
        for index, (text, setting) in enumerate(zip(sentences, settings, strict=True)):
            at = f"t{turn}.s{index}"
            if at not in labels:
                continue
            act, flags, mood = labels[at]
            yield LabelledSentence(
                conversation=fields["id"],
                source=source,
                language=fields["language"],
                text=text,
                setting=setting,
                act=act,
                mood=mood,
                human="h" in flags if by_customer else None,
                boilerplate="b" in flags,
                wish=at in wishes if by_customer else None,
                key=at in fields["key"] if by_customer else None,
                promise=at in promises if not by_customer else None,
                attempt=_named(act, at in tried, other=at in wishes or at in fields["key"]) if by_customer else None,
                done=_named(act, at in done, other=False) if not by_customer else None,
                care=_care(flags, calls_for_care) if by_customer and source == "written" else None,
                telling=at in named,
                warning=False if by_customer and act in _NO_WARNING else None,
                relief=False if by_customer and act in _NO_RELIEF else None,
                state=wishes.get(at) if by_customer else None,
                feeling=fields["mood"]["label"] if by_customer else None,
                at=at,
                closed_by=closing.get(at),
            )


def _care(flags: str, in_conversation: bool) -> bool | None:
    return True if "c" in flags else None if in_conversation else False


def _named(act: str, is_deed: bool, *, other: bool) -> bool | None:
    """Whether a sentence tells a deed. Of several that tell of one the labels name the first: the others are left open.

    A sentence that is labelled as something `other` is none.
    """
    return None if act in ("report", "complaint") and not is_deed and not other else is_deed


def _single(name: str, fields: Mapping[str, Any]) -> LabelledSentence:
    by_customer = fields.get("actor", "customer") == "customer"
    return LabelledSentence(
        conversation=name,
        source="single",
        language=fields["language"],
        text=fields["text"],
        setting=_some_setting(fields["text"], by_customer=by_customer),
        act=fields.get("act"),
        mood=fields.get("mood"),
        human=fields.get("human") if by_customer else None,
        boilerplate=fields.get("boilerplate"),
        wish=fields.get("wish") if by_customer else None,
        promise=fields.get("promise"),
        attempt=fields.get("attempt"),
        done=fields.get("done"),
        care=fields.get("care"),
        telling=fields.get("telling"),
        warning=fields.get("warning") if by_customer else None,
        relief=fields.get("relief") if by_customer else None,
    )


def _some_setting(text: str, *, by_customer: bool) -> Setting:
    """A place in a talk for a sentence that was labelled alone: any, so that nothing is learnt from it.

    Nor is anything learnt from what it answers: refusals were written with the question before them, wishes without.
    """
    drawn = crc32(text.encode())
    asked = bool(drawn & 16)
    return Setting(by_customer, bool(drawn & 1), bool(drawn & 2), 1 if asked else drawn // 4 % 4, asked)


def _airline(folder: Path) -> Mapping[str, Sequence[tuple[str, str]]]:
    """The turns up to where the bot hands on."""
    conversations: dict[str, Sequence[tuple[str, str]]] = {}
    for fields in _lines(folder / "tau_airline.jsonl"):
        turns = fields["turns"]
        end = next((at for at, turn in enumerate(turns) if turn.get("name") == _HANDING_ON), len(turns))
        conversations[fields["id"]] = [(turn["role"], turn.get("text") or "") for turn in turns[:end]]
    return conversations


def _dialogues(folder: Path) -> Mapping[str, Sequence[tuple[str, str]]]:
    rows = _lines(folder / "sgd_dev.jsonl")
    return {fields["id"]: [(turn["role"], turn["text"]) for turn in fields["turns"]] for fields in rows}


def _public_cases(folder: Path) -> Mapping[str, Sequence[tuple[str, str]]]:
    conversations: dict[str, Sequence[tuple[str, str]]] = {}
    cases = folder.parent / "public_cases" / "cases"
    if not cases.is_dir():
        raise InvalidRequest(f"{cases} is no folder: the public cases lie beside the data.")
    for path in sorted(cases.glob("*.json")):
        fields = json.loads(path.read_text(encoding="utf-8"))
        conversations[fields["id"]] = [(row["actor"], row["text"]) for row in _posted(fields["steps"])]
    return conversations


def _posted(steps: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """The messages between customer and staff that a case posts."""
    for step in steps:
        body: Any = step.get("body")
        if step["do"] != "POST" or step["path"] != "/v1/interactions" or not isinstance(body, Mapping):
            continue
        fields = cast(Mapping[str, Any], body)
        rows: Sequence[Mapping[str, Any]] = fields.get("interactions", [fields] if "text" in fields else [])
        for row in rows:
            is_message = row.get("kind", "message") == "message" and row.get("visibility") != "internal"
            if row.get("text") and is_message and row.get("actor") in ("customer", "bot", "agent"):
                yield row


_READERS = {"tau_airline": _airline, "sgd_dev": _dialogues, "public_cases": _public_cases}
