"""Takes the messages of one conversation apart into sentences, each with where it stands in the talk."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from app.nlu.analysis import AnalysedSentence, Analysis
from app.nlu.features import Setting
from app.nlu.quotations import Part, parts
from app.nlu.sentences import sentences


class Sentence(NamedTuple):
    """A sentence and where it stands; `setting` is None where it was only pasted and said elsewhere."""

    text: str
    setting: Setting | None


class Talk:
    """How far a conversation has come: how often each side has spoken, and whether the customer was asked last."""

    def __init__(self) -> None:
        self._turns = {True: 0, False: 0}
        self._asked = False

    def sentences(self, text: str, *, by_customer: bool, pasted_apart: bool = True) -> Iterator[Sentence]:
        """The sentences of the next message; without `pasted_apart`, all count as the speaker's own."""
        pieces = parts(text, may_hold_talk=by_customer) if pasted_apart else (Part(text, pasted=False),)
        labelled = [(sentence, part.pasted) for part in pieces for sentence in sentences(part.text)]
        settings = iter(
            self.settings([sentence for sentence, pasted in labelled if not pasted], by_customer=by_customer)
        )
        for sentence, pasted in labelled:
            yield Sentence(sentence, None if pasted else next(settings))

    def settled(self, analysis: Analysis) -> Iterator[tuple[AnalysedSentence, Setting | None]]:
        """The sentences of the next message, which was analysed, with where each stands; None for what was pasted."""
        own = [sentence.text for sentence in analysis.spoken if not sentence.pasted]
        settings = iter(self.settings(own, by_customer=analysis.by_customer))
        for sentence in analysis.spoken:
            yield sentence, None if sentence.pasted else next(settings)

    def settings(self, own: Sequence[str], *, by_customer: bool) -> list[Setting]:
        """Where each sentence of the next message stands; `own` are those that the speaker says here."""
        turn, asked = self._turns[by_customer], self._asked
        self._turns[by_customer] += 1
        self._asked = not by_customer and any(sentence.rstrip().endswith("?") for sentence in own[-2:])
        last = len(own) - 1
        return [Setting(by_customer, index == 0, index == last, turn, asked) for index in range(len(own))]
