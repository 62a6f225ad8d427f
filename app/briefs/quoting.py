"""Quotes what somebody said: sentences as they stand, and of long ones whole clauses.

Nothing is left out inside a clause, and nothing where what follows denies, limits or takes back what stands before it:
such a sentence is quoted as a whole. Only what goes on for more than `LONGEST_QUOTE` words without such an end is cut
there. What is left out is marked.
"""

import re
from collections.abc import Collection
from itertools import islice

from app.briefs.llm.quotes import standing
from app.models import Interaction, Quote
from app.nlu import Act, Setting, read

LONGEST_QUOTE = 60
"""No more words than these are quoted of one sentence, wherever that ends."""
LEFT_OUT = " …"
_BETWEEN = " … "
_FEWEST_WORDS = 4
# A sentence not twice as long as it may be is quoted in full rather than with less than this share of it.
_LEAST_SHOWN = 0.3
_LONGEST_SENTENCE = 2_000
_WORD = re.compile(r"\S+")
_MARKS = " ,;:–—-"
# Marks of a quotation within a quotation.
_INNER = str.maketrans("“”„", "‘’‚")
_OUTER = str.maketrans("‘’‚", "“”„")
_QUOTATION = re.compile(r"“([^“”]++)”")
_PAUSE = re.compile(r"[,;:–—](?=\s)|(?<=[^\s…])…(?=\s)|(?<!\.)\.{2,}+(?=\s)|\s-(?=\s)")
# Words that begin a clause; `and` also joins figures and names, so it only counts where there is no other end.
_JOINING = frozenset("but because aber weil mais parce pero porque perché mas maar omdat".split())
_ADDING = frozenset("and und et y e en".split())
_TURNING = frozenset(
    """
    not no never without but only unless if instead actually except nothing nobody don't didn't doesn't won't can't
    isn't wasn't aren't haven't wouldn't couldn't cannot dont didnt doesnt wont cant isnt however though although
    provided until whether
    nicht kein keine keinen nie ohne aber nur sondern wenn falls doch sofern solange jedoch außer bis
    pas ne n jamais sans mais seulement sauf si rien plutôt cependant tant pourvu jusqu'à
    nunca sin pero solo sólo salvo siempre excepto hasta aunque
    nada não sem mas só apenas se nem desde contanto exceto até embora
    non mai senza ma niente purché finché tranne però
    niet geen nooit zonder maar alleen tenzij als mits zolang behalve tot
    """.split()
)


def quoted(sentence: str, words: int) -> str:
    """The sentence in quotation marks: whole if it has so many words or fewer, else its first clauses."""
    return f"“{shortened(sentence, words).translate(_INNER)}”"


def shortened(sentence: str, words: int) -> str:
    """The sentence as it stands, or its first clauses within so many words and a mark for the rest."""
    flat = _flat(sentence)
    every = flat.split()
    if len(every) <= words:
        return flat
    ends = _safe_ends(flat)
    least = max(_FEWEST_WORDS, _LEAST_SHOWN * len(every) if len(every) <= 2 * words else 0)
    within = [end for end, count in ends if least <= count <= words]
    if within:
        return flat[: within[-1]].rstrip(_MARKS) + LEFT_OUT
    if len(every) <= LONGEST_QUOTE:
        return flat
    later = next((end for end, count in ends if words < count <= LONGEST_QUOTE), None)
    return (flat[:later].rstrip(_MARKS) if later else " ".join(every[:LONGEST_QUOTE])) + LEFT_OUT


def first_clauses(sentence: str, words: int) -> str:
    """The sentence without a greeting, or as much of it as so many words hold and nothing after them turns round.

    Empty where that is too little to tell anything.
    """
    flat = _flat(sentence)
    rest = flat[_after_greeting(flat) :]
    every = rest.split()
    if len(every) <= words:
        return rest
    within = [end for end, count in _safe_ends(rest) if _FEWEST_WORDS <= count <= words]
    if within:
        return rest[: within[-1]].rstrip(_MARKS)
    beginning = " ".join(every[:words])
    return beginning if words >= _FEWEST_WORDS and _last_turn(rest) < len(beginning) else ""


def headed(sentence: str, characters: int) -> str | None:
    """A quotation of the sentence, or of its first clauses, within so many characters and without a greeting.

    None where no whole clause fits.
    """
    flat = _flat(sentence).translate(_INNER)
    greeted = _after_greeting(flat)
    for start, joining in ((greeted, _JOINING), (0, _JOINING), (greeted, _JOINING | _ADDING)):
        rest = flat[start:]
        lead = "… " if start else ""
        if len(lead) + len(rest) + 2 <= characters:
            return f"“{lead}{rest}”"
        room = characters - len(lead) - len(LEFT_OUT) - 2
        fitting = [end for end, count in _safe_ends(rest, joining) if end <= room and count >= _FEWEST_WORDS]
        if fitting:
            return f"“{lead}{rest[: fitting[-1]].rstrip(_MARKS)}{LEFT_OUT}”"
    return None


def _flat(sentence: str) -> str:
    return " ".join(sentence[:_LONGEST_SENTENCE].split())


def _safe_ends(text: str, joining: Collection[str] = _JOINING) -> list[tuple[int, int]]:
    """Where clauses end that nothing after them turns round, each with how many words stand before it.

    Only the first `LONGEST_QUOTE` words are looked at: no quotation is longer.
    """
    last = _last_turn(text)
    ends = {match.start() for match in _PAUSE.finditer(text)}
    safe_ends: list[tuple[int, int]] = []
    for count, match in enumerate(islice(_WORD.finditer(text), LONGEST_QUOTE)):
        if count and match.group().casefold() in joining and match.start() - 1 > last:
            safe_ends.append((match.start() - 1, count))
        pause = next((end for end in range(match.start(), match.end() + 1) if end in ends), None)
        if pause is not None and pause > last:
            safe_ends.append((pause, count + 1))
    return safe_ends


def _after_greeting(text: str) -> int:
    """Where a sentence goes on after a greeting that it begins with; 0 where it begins with none."""
    pause = _PAUSE.search(text)
    if pause is None or pause.end() + 1 >= len(text):
        return 0
    return pause.end() + 1 if read(text[: pause.start()], Setting(by_customer=True)).act is Act.GREETING else 0


def _last_turn(text: str) -> int:
    """Where the last word begins that may turn round what stands before it; -1 where there is none."""
    last = -1
    for match in _WORD.finditer(text):
        if match.group().strip(",.;:!?–—-…\"'“”").casefold().replace("’", "'") in _TURNING:
            last = match.start()
    return last


def _verbatim(words: str, row: Interaction) -> list[Quote]:
    """The words as they stand in an interaction; where something was left out between them, each piece of them."""
    passages = [words] if words in row.text else words.split(_BETWEEN)
    return [Quote(interaction_id=row.interaction_id, text=passage) for passage in passages]


def quotes_in(text: str, *rows: Interaction) -> tuple[Quote, ...]:
    """The quotations in a sentence of ours with the interactions they stand in, as they stand there."""
    quotes: list[Quote] = []
    for quotation in _QUOTATION.findall(text):
        for row in rows:
            bare = quotation.removesuffix(LEFT_OUT).removeprefix("… ")
            words = standing(bare, row) or standing(bare.translate(_OUTER), row)
            if words:
                quotes.extend(_verbatim(words, row))
                break
    return tuple(quotes)
