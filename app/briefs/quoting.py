"""Quotes what somebody said: sentences as they stand, and of long ones whole clauses.

Nothing is left out inside a clause, and nothing where what follows denies, limits or takes back what stands before it:
such a sentence is quoted as a whole. What is left out is marked.
"""

import re

from app.briefs.quotes import standing
from app.models import Interaction, Quote

LONGEST_QUOTE = 60
"""No more words than these are quoted of one sentence, wherever that ends."""
LEFT_OUT = " …"
_EMPTY_WORDS, _FEWEST_WORDS = 3, 4
_MARKS = " ,;:–—-"
# Marks of a quotation within a quotation.
_INNER = str.maketrans("“”„", "‘’‚")
_OUTER = str.maketrans("‘’‚", "“”„")
_QUOTATION = re.compile(r"“([^“”]++)”")
_PAUSE = re.compile(r"[,;:–—…](?=\s)|(?<!\.)\.{2,}+(?=\s)|\s-(?=\s)")
# Words that begin a clause; `and` and `or` also join figures and names, so they do not count.
_JOINING = frozenset(
    "but because so then aber weil dann mais parce car donc pero porque entonces perché quindi mas então maar"
    " omdat".split()
)
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
    flat = " ".join(sentence.split())
    if len(flat.split()) <= words:
        return flat
    return _first_clauses(flat, words)


def headed(sentence: str, characters: int) -> str | None:
    """A quotation of the sentence within so many characters, without an empty first clause: a greeting, a name.

    None where no whole clause fits.
    """
    flat = " ".join(sentence.split()).translate(_INNER)
    empty = (start for start in _clause_starts(flat) if len(flat[:start].split()) <= _EMPTY_WORDS)
    starts = [0, *(start for start in empty if not _turns(flat[:start]))]
    for start in reversed(starts):
        rest = flat[start:]
        marked = f"… {rest}" if start else rest
        if len(marked) + 2 <= characters:
            return f"“{marked}”"
        ends = [end for end in _clause_ends(rest) if not _turns(rest[end:])]
        fitting = [end for end in ends if len(marked) - len(rest) + end + len(LEFT_OUT) + 2 <= characters]
        if fitting and len(rest[: fitting[-1]].split()) >= _FEWEST_WORDS:
            return f"“{marked[: len(marked) - len(rest) + fitting[-1]].rstrip(_MARKS)}{LEFT_OUT}”"
    return None


def _first_clauses(flat: str, words: int) -> str:
    ends = [end for end in _clause_ends(flat) if not _turns(flat[end:])]
    within = [end for end in ends if len(flat[:end].split()) <= words]
    later = [end for end in ends if words < len(flat[:end].split()) <= LONGEST_QUOTE]
    if within:
        return flat[: within[-1]].rstrip(_MARKS) + LEFT_OUT
    if len(flat.split()) <= LONGEST_QUOTE:
        return flat
    if later:
        return flat[: later[0]].rstrip(_MARKS) + LEFT_OUT
    return " ".join(flat.split()[:LONGEST_QUOTE]) + LEFT_OUT


def _clause_starts(text: str) -> list[int]:
    """Where the clauses after the first begin, behind a pause."""
    return [match.end() + 1 for match in _PAUSE.finditer(text) if match.end() + 1 < len(text)]


def quotes_in(text: str, *rows: Interaction) -> tuple[Quote, ...]:
    """The quotations in a sentence of ours with the interactions they stand in, as they stand there."""
    found: list[Quote] = []
    for quotation in _QUOTATION.findall(text):
        for row in rows:
            bare = quotation.removesuffix(LEFT_OUT).removeprefix("… ")
            words = standing(bare, row) or standing(bare.translate(_OUTER), row)
            if words:
                found.append(Quote(interaction_id=row.interaction_id, text=words))
                break
    return tuple(found)


def _clause_ends(text: str) -> list[int]:
    """Where clauses end: before a pause, or before a word that joins the next clause on."""
    ends = {match.start() for match in _PAUSE.finditer(text)}
    place = 0
    for word in text.split():
        start = text.index(word, place)
        if start and word.casefold() in _JOINING:
            ends.add(start - 1)
        place = start + len(word)
    return sorted(ends)


def _turns(rest: str) -> bool:
    """Whether what follows may turn round what stands before it."""
    words = (word.strip(",.;:!?–—-…\"'“”").casefold().replace("’", "'") for word in rest.split())
    return not _TURNING.isdisjoint(words)
