"""Parameters: where their values come from, whether those fit, and what an action lacks to name its matter."""

import re
from collections.abc import Iterator, Mapping, Sequence

from app.actions.catalogue import Catalogue, CatalogueAction, Parameter
from app.actions.lint.remarks import (
    LocatedAction,
    PathInFile,
    Remark,
    asks_first,
    hands_over,
    located,
    moves_money,
    rules_of,
    words_of_id,
    writes,
)
from app.actions.parameters import placeholders
from app.linear import whole_matcher
from app.nlu.sentences import sentences

# What a customer may write that is no order, no case and no account, though it looks like the number of one.
_STRAYS: Mapping[str, str] = {
    "the last digits of a card": "4242",
    "a card's security code": "123",
    "a card's number": "4242424242424242",
    "a telephone number": "01701234567",
    "a telephone number without its zero": "1701234567",
    "a year": "2026",
}
_LOOSE = ("mention.code", "mention.number", "mention.account")
# Any name that a customer might write: where a pattern takes all of these, it takes everything.
_ANY_CODES = ("A1", "XK4921", "FLIGHT-77/B", "99ZZ-TOP-4242-AB")
_REFERENCE = frozenset({"id", "number", "code", "reference", "ref", "no"})
_WITH_ZEROS = frozenset(
    "phone mobile telephone zip postcode postal account card iban order id code pin reference".split()
)
_TEXT_SOURCES = ("mention.", "identifier.")
_THINGS = (
    "order reservation booking account card invoice bill contract appointment subscription ticket transaction parcel"
    " policy claim delivery visit payment transfer"
).split()
_SPOKEN_THING = re.compile(rf"\b(?:your|the|this) ({'|'.join(_THINGS)})\b(?!['’])", re.IGNORECASE)
_MONEY = frozenset("amount total sum price fee balance refund charge overcharge due cost value credit".split())
_WHEN = frozenset("date day time slot at on start until when month week hour from".split())
_DATED = frozenset({"book", "rebook", "reserve", "schedule", "reschedule", "postpone", "move"})


def remarks_on_parameters(catalogue: Catalogue) -> Iterator[Remark]:
    """All there is to say about the parameters of a catalogue."""
    for entry in located(catalogue):
        action, path = entry
        for index, parameter in enumerate(action.parameters):
            own: PathInFile = (*path, "parameters", index)
            yield from _on_sources(action, parameter, own)
            yield from _on_pattern(parameter, own)
            yield from _on_type(parameter, own)
        yield from _on_missing(entry)


def _on_sources(action: CatalogueAction, parameter: Parameter, path: PathInFile) -> Iterator[Remark]:
    if parameter.sources:
        return
    spoken = parameter.name in placeholders(action.script or "")
    if parameter.required or spoken:
        unsaid = "; the script's sentence with it is never said" if spoken else ""
        what = f"nothing says where {parameter.name!r} comes from, so it is always missing{unsaid}"
        yield Remark(
            "warning", "no_source", path, what, "Write `from: [fact.…, argument.…]`, or take the parameter out."
        )


def _is_reference(parameter: Parameter) -> bool:
    """Whether a parameter says which order, account or other thing it is about."""
    return parameter.identifies or bool(set(words_of_id(parameter.name)[-1:]) & _REFERENCE)


def _on_pattern(parameter: Parameter, path: PathInFile) -> Iterator[Remark]:
    loose = [source for source in parameter.sources if source in _LOOSE]
    if not loose or not _is_reference(parameter):
        return
    if parameter.pattern is None:
        if loose == ["mention.account"]:
            return
        takes = "the last digits of a card or a telephone number" if "mention.number" in loose else "any code"
        what = f"{parameter.name!r} is taken from {loose[-1]} without a pattern, so {takes} may be taken for it"
        mend = 'Write a pattern of your own numbers, such as `pattern: "ORD-[0-9]{5}"`.'
        yield Remark("warning", "loose_pattern", path, what, mend)
        return
    matches = whole_matcher(parameter.pattern)
    strays = [name for name, value in _STRAYS.items() if matches(value)] if "mention.number" in loose else []
    if strays:
        what = f"the pattern of {parameter.name!r} also takes {', '.join(strays)}"
        mend = "Ask for letters, or for more or fewer digits, or take mention.number out."
        yield Remark("warning", "loose_pattern", (*path, "pattern"), what, mend)
    elif all(map(matches, _ANY_CODES)):
        what = f"the pattern of {parameter.name!r} takes any code, whatever it names"
        yield Remark("warning", "loose_pattern", (*path, "pattern"), what, "Write how your own numbers look.")


def _on_type(parameter: Parameter, path: PathInFile) -> Iterator[Remark]:
    sources, kind = parameter.sources, parameter.type
    words = set(words_of_id(parameter.name))
    texts = [source for source in sources if source.startswith(_TEXT_SOURCES)]
    if kind in ("list", "object", "boolean") and texts and len(texts) == len(sources):
        what = f"what customers write is text, so type {kind} never comes from {texts[0]}"
        yield Remark("error", "type_mismatch", path, what, "Use fact.… or argument.…, or another type.")
    elif kind in ("number", "integer") and any(source.endswith((".email", ".date")) for source in sources):
        what = f"{parameter.name!r} is of type {kind}, but it may come from {listed_sources(sources)}, which is none"
        yield Remark("warning", "type_mismatch", path, what, "Set the type, or take the source out.")
    elif kind in ("number", "integer") and (
        words & _WITH_ZEROS or any(source.endswith(".phone") for source in sources)
    ):
        what = f"{parameter.name!r} is of type {kind}: zeros at its beginning and signs between its digits are lost"
        yield Remark("warning", "type_mismatch", path, what, "Make it a string: nobody reckons with it.")
    elif kind == "date" and sources and not any(_may_be_date(source) for source in sources):
        what = f"{parameter.name!r} is a date, but nothing that it comes from is one"
        yield Remark("warning", "type_mismatch", path, what, "Take it from mention.date, a fact or an argument.")
    elif kind == "string" and "mention.date" in sources and len(sources) == 1:
        what = f"{parameter.name!r} is taken from mention.date as plain text"
        yield Remark("hint", "type_mismatch", path, what, "Write `type: date`.")


def listed_sources(sources: Sequence[str]) -> str:
    """Sources in words."""
    return " or ".join(sources)


def _may_be_date(source: str) -> bool:
    return source == "mention.date" or source.startswith(("fact.", "argument.", "context."))


def _on_missing(entry: LocatedAction) -> Iterator[Remark]:
    action, path = entry
    if hands_over(action):
        return
    names = {word for parameter in action.parameters for word in words_of_id(parameter.name)}
    changes = writes(action)
    things = {thing.lower() for thing in _SPOKEN_THING.findall(_stated(action.script or ""))}
    about = things - names if not action.parameters else set[str]()
    if about:
        thing = min(about)
        what = f"the script speaks of the {thing}, and the action has no parameter that says which"
        mend = f"Add `{{name: {thing}_id, from: [fact.{thing}_id, argument.{thing}_id], identifies: true}}`."
        yield Remark("warning" if changes else "hint", "missing_parameter", (*path, "script"), what, mend)
    if moves_money(action) and not names & _MONEY:
        what = "the action moves money, and no parameter says how much"
        mend = "Add `{name: amount, type: number, from: [fact.amount], required: false}`."
        yield Remark("hint", "missing_parameter", path, what, mend)
    if (
        words_of_id(action.id)[:1]
        and words_of_id(action.id)[0] in _DATED
        and not names & _WHEN
        and not asks_first(action)
    ):
        what = "the action sets a date, and neither a parameter nor a question says which"
        mend = "Add `{name: day, type: date, from: [argument.day, mention.date], required: false}`."
        yield Remark("hint", "missing_parameter", path, what, mend)
    yield from _unguarded(entry)


def _stated(script: str) -> str:
    """The sentences of a script that are no questions."""
    return " ".join(sentence for sentence in sentences(script) if not sentence.rstrip().endswith("?"))


def _unguarded(entry: LocatedAction) -> Iterator[Remark]:
    action, path = entry
    if not writes(action):
        return
    money = moves_money(action)
    if not rules_of(entry) and not action.requires_approval and (money or not asks_first(action)):
        what = "the action changes something of the customer's without a policy, an approval or a question beforehand"
        mend = "Add a policy, or `requires_approval: true`, or let the script ask whether to go ahead."
        yield Remark("warning", "unguarded", path, what, mend)
    if not any(parameter.identifies for parameter in action.parameters):
        what = "no parameter identifies what is changed, so once it was done it counts as done for everything else"
        mend = "Mark the parameter that says which order, account or booking it is: `identifies: true`."
        yield Remark("warning" if money else "hint", "unidentified", path, what, mend)
