"""Writes a drafted catalogue as YAML for a person to edit: what it stands on, and what they must decide."""

import json
from collections.abc import Iterator

from app.actions.drafting.drafter import ENOUGH_EXAMPLES, Drafted, DraftedAction, DraftedIntent, DraftedParameter
from app.actions.lint.remarks import words_of_id

# Fewer conversations show chance more than custom.
FEW_TALKS = 30
LONGEST_LABEL = 40
# Written in two parts: in our own sources the word says that something is unfinished.
MARK = "TO" + "DO"
_PEOPLE = frozenset("person human agent agents colleague supervisor operator adviser advisor handoff escalate".split())
_NO_TEXTS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
_MONEY = frozenset("refund charge credit pay payment fee reverse compensation certificate voucher".split())


def lacking(drafted: Drafted) -> list[str]:
    """What the conversations did not show, in sentences for whoever goes on from the draft."""
    notes: list[str] = []
    if drafted.resolved < FEW_TALKS:
        notes.append(
            f"Only {drafted.resolved} of {drafted.talks} conversations were resolved; fits and propensities from fewer "
            f"than {FEW_TALKS} show chance more than custom."
        )
    if not drafted.intents:
        notes.append("No wish came up often enough to be an intent: write the intents with their examples yourself.")
    few = [intent.name for intent in drafted.intents if len(intent.examples) < ENOUGH_EXAMPLES]
    if few:
        notes.append(f"Fewer than {ENOUGH_EXAMPLES} examples have: {', '.join(few)}.")
    if not drafted.actions:
        notes.append("No tool call or event succeeded after such wishes: write the actions yourself.")
    unserved = [intent.name for intent in drafted.intents if not _serves(drafted, intent)]
    if unserved and drafted.actions:
        notes.append(f"Nothing succeeded in at least two conversations about: {', '.join(unserved)}.")
    return notes


def written_out(drafted: Drafted, name: str) -> str:
    """The catalogue as YAML."""
    lines = [*_head(drafted, name), *_intents(drafted), *_actions(drafted)]
    return "\n".join(lines) + "\n"


def _head(drafted: Drafted, name: str) -> Iterator[str]:
    yield f"# A draft by `warmline catalogue draft` from {drafted.resolved} resolved conversations of {drafted.talks}."
    yield "# A person must edit it before it is put in force: it shows what was done, not what is right or allowed."
    yield f"# Look for {MARK}, then run `warmline catalogue check` on it."
    yield from (f"# Missing: {note}" for note in lacking(drafted))
    yield f"# {drafted.sentences} different wishes were read; {drafted.left_over} of them are like too few others."
    yield f"name: {_plain(name)}"
    yield "description: A draft from our own conversations."
    yield ""


def _intents(drafted: Drafted) -> Iterator[str]:
    if not drafted.intents:
        yield f"# {MARK}: write an intent for each thing that customers come for, with six examples or more."
        yield "intents: []"
        yield ""
        return
    yield f"# {MARK}: give each intent a label that people read, join those that are the same matter, and part those"
    yield "# that are not. See that no example names anybody: personal data was masked by rules, which miss some."
    yield "intents:"
    for intent in drafted.intents:
        yield f"  - name: {_plain(intent.name)}"
        yield f"    label: {_quoted(intent.label)}  # {intent.sentences} sentences in {intent.talks} conversations"
        yield "    examples:"
        yield from (f"      - {_quoted(example)}" for example in intent.examples)
    yield ""


def _actions(drafted: Drafted) -> Iterator[str]:
    yield f"# {MARK}: under `policy`, say of each action which customers may have it, to which matters it applies, and"
    yield "# when it is right (docs/howto/catalogue.md). Fits are shares of cases, propensities shares of successes."
    yield "actions:"
    labels: set[str] = set()
    for action in drafted.actions:
        yield from _action(action, _label(action.id, labels))
    yield from _people(drafted)


def _action(action: DraftedAction, label: str) -> Iterator[str]:
    hands_over = bool(set(words_of_id(action.id)) & _PEOPLE)
    shares = "; ".join(f"{helped} of {cases} cases of {intent}" for intent, (helped, cases) in action.cases.items())
    yield f"  - id: {_plain(action.id)}"
    yield f"    label: {_quoted(label)}"
    yield f"    # When: it succeeded in {shares}. {MARK}: say when, and when not."
    if hands_over:
        yield "    audience: [bot]"
    yield f"    intents: {{{', '.join(f'{_plain(intent)}: {fit:g}' for intent, fit in action.fits.items())}}}"
    if hands_over:
        yield "    levels: {route: 0.6, escalate: 1.0}"
    yield f"    propensity: {action.propensity:g}  # {action.successes} of {action.attempts} attempts went well"
    if action.looks_up:
        yield "    repeatable: true"
        yield "    value: 0.4  # it only looks something up"
    elif set(words_of_id(action.id)) & _MONEY:
        yield f"    requires_approval: true  # {MARK}: it seems to move money; may it be done without a person?"
    if not action.looks_up and not hands_over:
        yield f"    # {MARK}: policy: {{eligibility: …, applicability: …, suitability: …}}"
    if action.parameters:
        yield "    parameters:"
        yield from (f"      - {_parameter(parameter)}" for parameter in action.parameters)
    yield f"    script: {_quoted(_script(action, label, hands_over=hands_over))}  # {MARK}: in your own words"


def _parameter(parameter: DraftedParameter) -> str:
    parts = [f"name: {_plain(parameter.name)}"]
    if parameter.type != "string":
        parts.append(f"type: {parameter.type}")
    parts.append(f"from: [{', '.join(parameter.sources)}]")
    if parameter.pattern is not None:
        parts.append(f"pattern: {_quoted(parameter.pattern)}")
    if not parameter.required:
        parts.append("required: false")
    if parameter.identifies:
        parts.append("identifies: true")
    return f"{{{', '.join(parts)}}}"


def _script(action: DraftedAction, label: str, *, hands_over: bool) -> str:
    if hands_over:
        return "I am connecting you with a colleague."
    words = label[0].lower() + label[1:]
    return f"Let me see: {words}." if action.looks_up else f"I can do this for you: {words}. Shall I go ahead?"


def _people(drafted: Drafted) -> Iterator[str]:
    """What every catalogue needs, where the conversations did not show it: a person, and a question back."""
    ids = {action.id for action in drafted.actions}
    unserved = [intent.name for intent in drafted.intents if not _serves(drafted, intent)]
    if not any(set(words_of_id(identifier)) & _PEOPLE for identifier in ids) or unserved:
        wishes = f"    intents: {{{', '.join(f'{_plain(name)}: 0.5' for name in unserved)}}}" if unserved else None
        yield f"  - id: {'bring_in_a_person' if 'hand_over' in ids else 'hand_over'}"
        yield "    label: Hand over to a person  # not from your conversations"
        yield "    audience: [bot]"
        yield from [wishes] if wishes else []
        yield "    levels: {route: 0.7, escalate: 1.0}"
        yield "    script: I am handing you over to somebody who can help."
    yield f"  - id: {'ask_once_more' if 'ask_back' in ids else 'ask_back'}"
    yield "    label: Ask a question back  # not from your conversations"
    yield "    levels: {wait: 0.1, clarify: 0.5}"
    yield "    repeatable: true"
    yield "    value: 0.5"
    yield "    script: I want to be sure that I understand. What exactly would you like?"


def _serves(drafted: Drafted, intent: DraftedIntent) -> bool:
    return any(intent.name in action.fits for action in drafted.actions)


def _label(name: str, taken: set[str]) -> str:
    words = " ".join(words_of_id(name)).capitalize() or name
    label = words[:LONGEST_LABEL].rstrip()
    number = 2
    while label in taken:
        label = f"{words[: LONGEST_LABEL - 4].rstrip()} {number}"
        number += 1
    taken.add(label)
    return label


def _quoted(text: str) -> str:
    """Text as YAML reads it: JSON's quotes, which are YAML's as well."""
    return json.dumps(text, ensure_ascii=False)


def _plain(name: str) -> str:
    """A name as YAML reads it; what YAML takes for yes, no or nothing is quoted."""
    return _quoted(name) if name.lower() in _NO_TEXTS else name
