"""Scripts and labels: promises that no fact fills, questions for what is there, foreign languages, long labels."""

import re
from collections import Counter
from collections.abc import Iterator

from app.actions.catalogue import Catalogue, CatalogueAction
from app.actions.lint.remarks import LocatedAction, Remark, located, words_of_id
from app.actions.parameters import placeholders
from app.nlu.identifiers import mentions
from app.nlu.languages import language_of
from app.nlu.promises import time_in
from app.nlu.sentences import sentences

FEWEST_EXAMPLES = 5
LONGEST_LABEL = 40
LONGEST_INTENT_LABEL = 60
MOST_SENTENCES = 4
SHORTEST_COPY = 6
_NUMBER = (
    r"(?:\d{1,4}|an?|one|two|three|four|five|six|seven|eight|nine|ten|twelve|fourteen|fifteen|twenty|thirty|sixty"
    r"|ninety|half an)"
)
_LENGTH = re.compile(
    rf"\b{_NUMBER}(?:\s?(?:-|–|to|or)\s?{_NUMBER})? (?:business |working |full |calendar )?"
    r"(?:minute|hour|day|week|month|year)s?\b",
    re.IGNORECASE,
)
# What somebody is asked to do for a while, and what is only asked, promises nothing.
_ORDERED = re.compile(r"^(?:please|if you|could you|kindly)\b", re.IGNORECASE)
_AS_A_RULE = re.compile(r"\b(?:usually|normally|typically|as a rule|generally|about|often)\b", re.IGNORECASE)
# `before departure` and `from today` set no time by the clock.
_VAGUE = re.compile(
    r"^(?:before|until|after|by|from) (?!\d)(?:the |your )?(?!to(?:day|morrow|night))[a-z]+$", re.IGNORECASE
)
_OUTCOME = re.compile(
    r"\b(?:guarantee[ds]?|i promise|we promise|certainly be|definitely)\b"
    r"|\byou(?:['’]ll| will) (?:get|receive|have) (?:it|this|that|the|your|a|all)(?: \w+){0,3} (?:back|refund(?:ed)?)\b"
    r"|\b(?:is|are|be) (?:back )?(?:on|in) your account\b"
    r"|\b(?:nothing|no) (?:more |further )?(?:can|will) be (?:taken|charged|lost)\b"
    r"|\b(?:it|this|everything|that) (?:will )?works? again\b"
    r"|\bwill (?:then |surely |soon )?be (?:refunded|credited|solved|fixed|paid|repaid|delivered|replaced)\b",
    re.IGNORECASE,
)
_BAD_PLACEHOLDER = re.compile(
    r"\{\{[^{}]{0,60}\}\}|\{[^{}\w]{0,3}\w*[^{}\w][^{}]{0,60}\}|\{\}|%\(?\w*\)?s\b|<[a-z_]{2,40}>|\[[a-z]+_[a-z_]+\]"
)
_ASKING = re.compile(
    r"\b(?:what|which|tell me|give me|let me have|may i have|can i have|could i have|need|provide|send me|read me"
    r"|remind me of|confirm)\b",
    re.IGNORECASE,
)
_NAMING = r"(?:number|id|code|reference|name)"
_IGNORED = frozenset({"id", "number", "code", "reference", "ref", "no", "name"})


def remarks_on_words(catalogue: Catalogue) -> Iterator[Remark]:
    """All there is to say about scripts, labels and the number of examples."""
    usual = _usual_language(catalogue)
    for index, intent in enumerate(catalogue.intents):
        count = len(intent.examples)
        if count < FEWEST_EXAMPLES:
            what = f"the intent has {count} example{'s' * (count != 1)}; it is hardly told from others by so few"
            mend = f"Write at least {FEWEST_EXAMPLES}, as customers write; six or more work well."
            yield Remark("warning", "few_examples", ("intents", index, "examples"), what, mend)
        if len(intent.label) > LONGEST_INTENT_LABEL:
            what = f"the label has {len(intent.label)} characters, more than a heading shows"
            yield Remark("hint", "long_label", ("intents", index, "label"), what, "Say it in fewer words.")
    for entry in located(catalogue):
        yield from _on_label(entry)
        yield from _on_script(entry, usual)
        yield from _on_cap(entry)
    yield from _copies(catalogue)


def _copies(catalogue: Catalogue) -> Iterator[Remark]:
    """Labels and sentences of scripts that two actions share: one of them was copied and not changed."""
    labels: dict[str, str] = {}
    spoken: dict[str, str] = {}
    for action, path in located(catalogue):
        owner = labels.setdefault(action.label.casefold(), action.id)
        if owner != action.id:
            what = f"the action {owner!r} has the same label, so nobody can tell the two buttons apart"
            yield Remark("warning", "same_label", (*path, "label"), what, "Say in each what only it does.")
        for sentence in sentences(action.script or ""):
            owner = spoken.setdefault(sentence.casefold(), action.id)
            stated = not sentence.rstrip().endswith("?") and len(sentence.split()) >= SHORTEST_COPY
            if owner != action.id and stated:
                what = f"the script of {owner!r} has the same sentence: “{sentence}”"
                yield Remark("warning", "copied_script", (*path, "script"), what, "Say what this action does.")


def _usual_language(catalogue: Catalogue) -> str | None:
    texts = [action.script for action in catalogue.actions if action.script]
    counted = Counter(language for text in texts if (language := language_of(text)) is not None)
    (language, count), *_ = counted.most_common(1) or [(None, 0)]
    return language if count > sum(counted.values()) / 2 else None


def _on_label(entry: LocatedAction) -> Iterator[Remark]:
    action, path = entry
    if len(action.label) > LONGEST_LABEL:
        what = f"the label has {len(action.label)} characters; a button shows about {LONGEST_LABEL}"
        yield Remark("warning", "long_label", (*path, "label"), what, "Say it in fewer words.")


def _on_script(entry: LocatedAction, usual: str | None) -> Iterator[Remark]:
    action, path = entry[0], (*entry[1], "script")
    if not action.script:
        yield Remark(
            "hint",
            "no_script",
            entry.path,
            "the action has no script",
            "Write what is to be said, in one or two sentences.",
        )
        return
    language = language_of(action.script)
    if usual is not None and language is not None and language != usual:
        what = f"the script is written in {language!r}, most others in {usual!r}"
        mend = "Write it in the language of the catalogue; keep one catalogue for each language."
        yield Remark("warning", "other_language", path, what, mend)
    for wrong in _BAD_PLACEHOLDER.findall(action.script):
        what = f"{wrong} is shown as it stands: a placeholder is one parameter's name in single braces"
        yield Remark("error", "bad_placeholder", path, what, "Write {parameter}.")
    parts = sentences(action.script)
    if len(parts) > MOST_SENTENCES:
        what = f"the script has {len(parts)} sentences; customers read the first two"
        yield Remark("hint", "long_script", path, what, "Say the first thing, and ask the next question.")
    for sentence in parts:
        yield from _on_sentence(action, sentence, path)


def _on_sentence(action: CatalogueAction, sentence: str, path: tuple[str | int, ...]) -> Iterator[Remark]:
    asks = sentence.rstrip().endswith("?")
    if not asks and not _ORDERED.match(sentence):
        yield from _promises(sentence, path)
    if asks or _ASKING.search(sentence):
        yield from _asks_for_filled(action, sentence, path)


def _promises(sentence: str, path: tuple[str | int, ...]) -> Iterator[Remark]:
    promised = _LENGTH.search(sentence)
    time = promised.group() if promised else time_in(sentence)
    if time and not _VAGUE.match(time):
        severity = "hint" if _AS_A_RULE.search(sentence) else "warning"
        what = f"the script promises a time, “{time}”, that no fact fills"
        mend = "Take the time from a fact by a placeholder ({expected_at}), or leave it out."
        yield Remark(severity, "promised_time", path, what, mend)
    amounts = [mention.value for mention in mentions(sentence) if mention.type == "amount"]
    if amounts:
        what = f"the script names an amount, “{amounts[0]}”, that no fact fills"
        mend = "Take the amount from a fact by a placeholder ({amount}), or leave it out."
        yield Remark("warning", "promised_amount", path, what, mend)
    outcome = _OUTCOME.search(sentence)
    if outcome and not placeholders(sentence):
        what = f"the script promises an outcome, “{outcome.group()}”, that nobody can be sure of"
        mend = "Say what you are doing, not what will come of it; or take it from a fact by a placeholder."
        yield Remark("warning", "promised_outcome", path, what, mend)


def _asks_for_filled(action: CatalogueAction, sentence: str, path: tuple[str | int, ...]) -> Iterator[Remark]:
    """A question for a required parameter that is filled where the script is said whole."""
    spoken = placeholders(sentence)
    for parameter in action.parameters:
        nouns = [word for word in words_of_id(parameter.name) if word not in _IGNORED]
        if not parameter.required or not parameter.sources or parameter.name in spoken or not nouns:
            continue
        noun = nouns[-1]
        asked = re.search(
            rf"\b(?:which|what|your|the) {noun}(?:['’]s)? ?{_NAMING}?\b|\b{_NAMING} of (?:your|the) {noun}\b"
            rf"|\bwhat(?: is|['’]s) (?:your|the) {noun}\b",
            sentence,
            re.IGNORECASE,
        )
        direct = asked and re.search(
            rf"\b(?:which|what) {noun}\b|{_NAMING}\b|\bwhat(?: is|['’]s)\b", sentence, re.IGNORECASE
        )
        if asked and direct and _ASKING.search(sentence):
            what = f"the script asks for what {parameter.name!r} fills already: “{sentence}”"
            mend = f"Say it back instead: {{{parameter.name}}}; or make another action that asks for it."
            yield Remark("warning", "asks_for_filled", path, what, mend)


def _on_cap(entry: LocatedAction) -> Iterator[Remark]:
    cap = entry.action.contact_policy
    if cap is not None and cap.per_days < 1 / 24:
        what = "the cap counts over less than an hour, so it holds nothing off"
        yield Remark("warning", "idle_cap", (*entry.path, "contact_policy"), what, "per_days is a number of days.")
