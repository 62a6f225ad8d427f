"""True sentences with one fact altered: what a checker of sentences has to reject.

Seven kinds of alteration, each in several wordings, drawn with a seed: the same sentence, conversation and seed give
the same alteration. A sentence that holds no fact of a kind has none of that kind.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from random import Random
from typing import Literal, NamedTuple

AlterationKind = Literal["number", "name_new", "name_swap", "date", "negation_added", "negation_removed", "roles"]

_UNITS = "two three four five six seven eight nine ten eleven twelve fifteen twenty thirty forty fifty hundred".split()
_WEEKDAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
_MONTHS = "January February March April June July August September October November December".split()
_DAYTIMES = "morning noon afternoon evening night".split()
_SHIFTS = {
    "today": ("tomorrow", "yesterday"),
    "tonight": ("tomorrow", "last night"),
    "tomorrow": ("today", "next week"),
    "yesterday": ("today", "last week"),
    "next week": ("next month", "this week"),
    "next month": ("next week", "next year"),
    "last week": ("last month", "last year"),
    "this weekend": ("next weekend", "next month"),
    "this week": ("next week", "last week"),
}
_NEW_NAMES = """
Oliver Beatrice Desmond Winifred Leopold Harriet Cedric Rosalind Ambrose Philippa Horatio Clementine Barnaby Imogen
Thaddeus Ottilie Norwich Hartwell Kilbride Zephyrine
""".split()
_NO_NAMES = frozenset(
    """i a an the and but or so if when while as after before then though although because since he she it they we you
    his her its their this that these those there here both all each some someone everyone people person in on at to
    for from with without by about finally however also besides later now once not no what who where why how customer
    agent mr mrs ms miss dr ok okay english chinese american british french german japanese christmas internet tv
    monday tuesday wednesday thursday friday saturday sunday january february march april may june july august
    september october november december""".split()
)
_AUXILIARY = re.compile(
    r"\b(is|are|was|were|can|could|will|would|should|must|has|have|had|does|do|did)\b(?! not\b|n?['’]t)", re.IGNORECASE
)
_AUXILIARY_OF_PERFECT = re.compile(
    r"\b(?:has|have|had)\b\s+(?:just |already |never )?(?:been|\w+(?:ed|en|ne|nt|ght))\b"
)
_THIRD_PERSON = re.compile(
    r"(?<=[a-z#] )(asks|tells|wants|thinks|likes|needs|offers|agrees|suggests|decides|recommends|advises|invites|helps"
    r"|gives|shows|explains|feels|knows|believes|hopes|finds|works|buys|orders|gets|takes|goes|loves|prefers|accepts"
    r"|teaches|introduces|complains|promises|plans|wishes|understands|lives|plays|makes|comes|brings|pays|checks"
    r"|books|requests|apologizes|confirms|refuses|persuades|reminds|calls|returns|sends|reports|receives|cancels)\b"
)
_PARTICIPLES = "been"
_CONTRACTED = re.compile(r"\b(is|are|was|were|could|would|should|must|has|have|had|does|do|did)n['’]t\b", re.IGNORECASE)
_IRREGULAR = {"can't": "can", "cannot": "can", "can’t": "can", "won't": "will", "won’t": "will", "can not": "can"}
_BASES = {"goes": "go", "teaches": "teach", "wishes": "wish", "apologizes": "apologize"}
_SIDES = re.compile(r"\b(customer|agent)\b", re.IGNORECASE)


class Alteration(NamedTuple):
    """What became of a sentence, and in which wording of its kind."""

    text: str
    wording: str


def alterations(text: str, conversation: str, seed: int) -> Mapping[AlterationKind, Alteration]:
    """One alteration of each kind that the sentence allows; `conversation` is all that was said."""
    altered: dict[AlterationKind, Alteration] = {}
    for kind, alter in _KINDS.items():
        chosen = _drawn(alter(text, conversation), text, Random(f"{seed} {kind} {text}"))  # noqa: S311 - no secret
        if chosen:
            altered[kind] = chosen
    return altered


def every(kind: AlterationKind, text: str, conversation: str) -> Iterator[Alteration]:
    """Every alteration of one kind that the sentence allows."""
    return (alteration for alteration in _KINDS[kind](text, conversation) if alteration.text != text)


def names_in(text: str, conversation: str) -> list[str]:
    """The proper names of a sentence: its capitalised words, the first one only if it is capitalised elsewhere too."""
    names: list[str] = []
    for match in re.finditer(r"\b[A-Z][a-z]+(?=['’\s.,;:!?]|$)", text):
        word = match.group()
        if word.casefold() in _NO_NAMES or word in names:
            continue
        if _is_name(word, conversation):
            names.append(word)
    return names


def holds_negation(text: str) -> bool:
    """Whether a sentence says `not` in so many words."""
    return (
        re.search(r"\b(?:not|no|never|cannot|none|nothing|nobody|neither|nor|without)\b|n['’]t\b", text, re.IGNORECASE)
        is not None
    )


def _drawn(candidates: Iterator[Alteration], text: str, random: Random) -> Alteration | None:
    by_wording: dict[str, list[Alteration]] = {}
    for candidate in candidates:
        if candidate.text != text:
            by_wording.setdefault(candidate.wording, []).append(candidate)
    return random.choice(by_wording[random.choice(sorted(by_wording))]) if by_wording else None


def _numbers(text: str, conversation: str) -> Iterator[Alteration]:
    for match in re.finditer(r"(?<![\w#])\d[\d,]*(?:\.\d+)?", text):
        for wording, changed in (("nearby", _nearby(match.group())), ("digits", _other_digit(match.group()))):
            if changed not in conversation:
                yield Alteration(_put(text, match, changed), wording)
    for match in re.finditer(rf"\b(?:{'|'.join(_UNITS)})\b", text, re.IGNORECASE):
        for other in _UNITS[:10]:
            if other != match.group().casefold() and not re.search(rf"\b{other}\b", conversation, re.IGNORECASE):
                yield Alteration(_put(text, match, _cased(other, match.group())), "word")


def _nearby(figure: str) -> str:
    value = float(figure.replace(",", ""))
    changed = value + (3 if value < 20 else round(value * 0.2) + 1)
    return f"{changed:g}" if changed < 1_000_000 else f"{changed:.0f}"


def _other_digit(figure: str) -> str:
    return figure[:-1] + str((int(figure[-1]) + 4) % 10)


def _new_names(text: str, conversation: str) -> Iterator[Alteration]:
    for name in names_in(text, conversation):
        for new in _NEW_NAMES:
            if new not in conversation:
                yield Alteration(re.sub(rf"\b{name}\b", new, text), "all")


def _swapped_names(text: str, conversation: str) -> Iterator[Alteration]:
    names = [word for word in _capitalised(conversation) if _is_name(word, conversation)]
    for name in names_in(text, conversation):
        for other in names:
            if other == name:
                continue
            if re.search(rf"\b{other}\b", text):
                yield Alteration(_exchanged(text, name, other), "both ways")
            else:
                yield Alteration(re.sub(rf"\b{name}\b", other, text), "for another")


def _dates(text: str, conversation: str) -> Iterator[Alteration]:
    for wording, words in (("weekday", _WEEKDAYS), ("month", _MONTHS), ("daytime", _DAYTIMES)):
        for match in re.finditer(rf"\b(?:{'|'.join(words)})\b", text):
            for other in words:
                if other != match.group() and not re.search(rf"\b{other}\b", conversation, re.IGNORECASE):
                    yield Alteration(_put(text, match, other), wording)
    for phrase, others in _SHIFTS.items():
        for match in re.finditer(rf"\b{phrase}\b", text, re.IGNORECASE):
            for other in others:
                yield Alteration(_put(text, match, _cased(other, match.group())), "relative")
    for match in re.finditer(r"\b(\d{1,2})(?=(?::\d\d)?\s?(?:[ap]\.?m|o['’]clock)\b)", text, re.IGNORECASE):
        yield Alteration(_put(text, match, str((int(match.group()) + 4) % 12 + 1)), "hour")
    for match in re.finditer(r"\b(\d{1,2})(?=st\b|nd\b|rd\b|th\b)", text):
        yield Alteration(_put(text, match, str(int(match.group()) % 28 + 3)), "day")


def _negations_added(text: str, _: str) -> Iterator[Alteration]:
    for match in _AUXILIARY.finditer(text):
        is_full_verb = match.group().casefold() in ("has", "have", "had", "does", "do", "did")
        if is_full_verb and not _AUXILIARY_OF_PERFECT.match(text, match.start()):
            continue
        yield Alteration(_put(text, match, f"{match.group()} not"), "auxiliary")
        if match.group().casefold() in ("is", "are", "was", "were"):
            yield Alteration(_put(text, match, f"{match.group()}n't"), "contracted")
            yield Alteration(_put(text, match, f"{match.group()} no longer"), "no longer")
    for match in _THIRD_PERSON.finditer(text):
        base = _BASES.get(match.group(), match.group()[:-1])
        yield Alteration(_put(text, match, f"doesn't {base}"), "does not")
        yield Alteration(_put(text, match, f"does not {base}"), "does not")
        yield Alteration(_put(text, match, f"never {match.group()}"), "never")


def _negations_removed(text: str, _: str) -> Iterator[Alteration]:
    for match in re.finditer(r"\b(?:can['’]t|cannot|can not|won['’]t)", text, re.IGNORECASE):
        yield Alteration(_put(text, match, _IRREGULAR[match.group().casefold()]), "irregular")
    for match in re.finditer(r"\b(does|do|did)(?:n['’]t| not) (\w+)", text):
        yield Alteration(_put(text, match, _affirmed(match[1], match[2])), "do-support")
    for match in _CONTRACTED.finditer(text):
        if match[1].casefold() not in ("does", "do", "did"):
            yield Alteration(_put(text, match, match[1]), "contracted")
    for match in re.finditer(r"(?<!do) (?:not|never|no longer)\b(?! only)", text):
        if not re.search(r"\b(?:does|do|did|can)$", text[: match.start()]):
            yield Alteration(text[: match.start()] + text[match.end() :], "dropped")


def _affirmed(auxiliary: str, verb: str) -> str:
    if auxiliary == "do":
        return verb
    if auxiliary == "did":
        return f"did {verb}"
    irregular = {"have": "has", "go": "goes", "do": "does"}
    return irregular.get(verb, verb + ("es" if verb.endswith(("sh", "ch", "ss", "x")) else "s"))


def _roles(text: str, _: str) -> Iterator[Alteration]:
    if _SIDES.search(text):
        other = {"customer": "agent", "agent": "customer"}
        yield Alteration(_SIDES.sub(lambda match: other[match.group().casefold()], text), "exchanged")


def _exchanged(text: str, name: str, other: str) -> str:
    return re.sub(rf"\b(?:{name}|{other})\b", lambda match: other if match.group() == name else name, text)


def _capitalised(conversation: str) -> list[str]:
    return list(dict.fromkeys(re.findall(r"\b[A-Z][a-z]{2,}\b", conversation)))


def _is_name(word: str, conversation: str) -> bool:
    """Whether a word is always written with a capital in what was said, and not only where a sentence begins."""
    if word.casefold() in _NO_NAMES or re.search(rf"\b{word.casefold()}\b", conversation):
        return False
    return re.search(rf"(?:[a-z,] |\b(?:Mr|Mrs|Ms|Miss|Dr)\.? ){word}\b", conversation) is not None


def _put(text: str, match: re.Match[str], changed: str) -> str:
    return text[: match.start()] + changed + text[match.end() :]


def _cased(word: str, like: str) -> str:
    return word.capitalize() if like[0].isupper() else word


_KINDS: Mapping[AlterationKind, Callable[[str, str], Iterator[Alteration]]] = {
    "number": _numbers,
    "name_new": _new_names,
    "name_swap": _swapped_names,
    "date": _dates,
    "negation_added": _negations_added,
    "negation_removed": _negations_removed,
    "roles": _roles,
}
KINDS: Sequence[AlterationKind] = tuple(_KINDS)
