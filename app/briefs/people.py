"""The people on the customer's side of a case, and which sentence is whose."""

from collections.abc import Callable, Iterable, Sequence

from app.briefs.reading import Utterance, of_two_people

# So many people's matters are told of one conversation.
MOST_PEOPLE = 3


class People:
    """Who spoke on the customer's side, by conversation; nobody is told apart where only one did."""

    def __init__(self, utterances: Sequence[Utterance]) -> None:
        names: dict[str | None, set[str]] = {}
        for utterance in utterances:
            if utterance.speaker is not None:
                names.setdefault(utterance.interaction.conversation_id, set()).add(utterance.speaker)
        self._groups = {conversation for conversation, spoken in names.items() if len(spoken) > 1}
        self._last = next((utterance for utterance in reversed(utterances) if utterance.by_customer), None)

    @property
    def last(self) -> str | None:
        """Who spoke last, where several people are there."""
        return self.owner(self._last) if self._last is not None else None

    def owner(self, utterance: Utterance) -> str | None:
        """Who said it, where several people are on the customer's side of its conversation."""
        return utterance.speaker if utterance.interaction.conversation_id in self._groups else None

    def beside(
        self, first: Utterance, candidates: Iterable[Utterance], weight: Callable[[Utterance], float], least: float
    ) -> list[Utterance]:
        """The likeliest sentence of everybody else in a sentence's conversation, where one is likely."""
        best: dict[str, Utterance] = {}
        for utterance in candidates:
            owner = self.owner(utterance)
            if owner is None or not of_two_people(first, utterance) or weight(utterance) < least:
                continue
            if owner not in best or weight(utterance) > weight(best[owner]):
                best[owner] = utterance
        return sorted(best.values(), key=weight, reverse=True)[: MOST_PEOPLE - 1]
