"""How the case stands, in sentences an agent can read in a breath, each with what backs it.

A sentence is a fact of the ledger in words of ours, or a quotation: nothing that somebody said is told in other words.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Self

from app.briefs.case import REASON_WORDS, Case
from app.briefs.commitments import is_promise
from app.briefs.due import is_overdue
from app.briefs.frames import Frames, frames_in
from app.briefs.letters_passed_on import letters_passed_on
from app.briefs.quoted_replies import QuotedReply
from app.briefs.quoting import quoted, quotes_in, shortened
from app.briefs.reading import Utterance
from app.briefs.relapses import repair_before
from app.briefs.sentence_roles import SURE, asks_for_person
from app.briefs.steps import AttemptedStep, humanised, label_of, tells_deed
from app.briefs.unread import language_unread
from app.briefs.wishes import WishState
from app.models import Actor, Channel, Commitment, Entity, Evidence, Interaction, Outcome, Quote, ResolutionStatus
from app.nlu import Act
from app.nlu.calendars import appointments_from
from app.nlu.fluency import GAP
from app.nlu.platform_messages import is_contact, is_location
from app.nlu.read_rows import Nature, nature_of
from app.nlu.tables import Language, Phrases, sentences_of
from app.nlu.words import terms

SITUATION_WORDS = 75
MOST_SENTENCES = 4
MOST_NAMED = 5
MOST_APPOINTMENTS = 2
QUOTED_WORDS = 22
FEWEST_TOLD_BESIDE = 4
WORDS_FOR_THE_REST = 30
_TROUBLE = (Act.COMPLAINT, Act.REQUEST, Act.QUESTION)
_FEWEST_TERMS = 3
_SURE_OF_WITHDRAWAL = 0.75
_FEWEST_WORDS_BACK = 5
_UNTOLD = ("date", "error_code", "email", "phone", "number", "amount", "appointment")


class BriefSentence(NamedTuple):
    """A sentence of the brief with what backs it: interactions, and the words of theirs that it quotes."""

    text: str
    evidence: Evidence
    quotes: tuple[Quote, ...] = ()


class Wording(NamedTuple):
    """The words around quotations and facts, in the language of the brief."""

    frames: Frames
    phrases: Phrases
    channels: Mapping[str, str]

    @classmethod
    def of(cls, language: Language) -> Self:
        """The words of a language."""
        spoken = sentences_of(language)
        return cls(frames_in(language), spoken.phrases, spoken.channels)

    def channel(self, channel: Channel) -> str:
        """What a channel is called; its own name where the language has none for it."""
        return self.channels.get(channel.value) or channel.value.replace("_", " ")

    def quotation(self, utterance: Utterance, frame: str, case: Case | None = None, **places: str) -> BriefSentence:
        """A sentence of ours around a quotation; `frame` has a place for `quote`, and for others.

        With the `case`, a quotation of an earlier day tells the day.
        """
        quote = quoted(utterance.shown, QUOTED_WORDS)
        quote = quote if case is None else _named_speaker(utterance, case) + _dated(utterance, quote, case)
        text = frame.format(quote=quote, actor=self.frames.actors[utterance.interaction.actor], **places)
        return sentence_of(text, utterance.interaction)

    def reply(self, replied: QuotedReply, case: Case) -> BriefSentence:
        """What the customer answered to a message that they quote, with that message's words and who wrote it."""
        answered = list(replied.answered)
        while len(answered) > 1 and sum(len(utterance.text.split()) for utterance in answered) > QUOTED_WORDS:
            answered.pop()
        first = answered[0].interaction
        quotes = " – ".join(quoted(utterance.shown, QUOTED_WORDS) for utterance in answered)
        words = quoted(replied.reply.shown, QUOTED_WORDS)
        actor = self.frames.actors[first.actor]
        text = self.phrases.replied.format(quote=_dated(answered[0], quotes, case), actor=actor, reply=words)
        rows = (first, replied.reply.interaction)
        return BriefSentence(text, tuple(row.interaction_id for row in rows), quotes_in(text, *rows))

    def quoting(self, utterances: Sequence[Utterance], case: Case) -> BriefSentence:
        """What somebody said, in quotations, with who said it."""
        owner = case.people.owner(utterances[0])
        who = owner or self.speaker(utterances[0])
        return self.quotations(
            utterances, self.frames.speech.format(who=who, words="{quote}"), case, named_before=owner
        )

    def speaker(self, utterance: Utterance) -> str:
        """Who said something, as a sentence begins with them."""
        who = self.frames.actors[utterance.interaction.actor]
        return who[:1].upper() + who[1:]

    def quotations(
        self,
        utterances: Sequence[Utterance],
        frame: str,
        case: Case,
        most: int = REASON_WORDS,
        *,
        named_before: str | None = None,
        dated: bool = True,
    ) -> BriefSentence:
        """A sentence of ours around quotations, with the day of those of earlier days unless the frame tells it.

        Where they are longer than `most` together, each is shortened. Of several people on the customer's side each is
        named before their words, but for the one whom the frame names.
        """
        is_long = sum(len(utterance.text.split()) for utterance in utterances) > most
        words = most // len(utterances) if is_long else most
        quotations = "".join(
            (_joint(earlier, utterance, case) if earlier else "")
            + _named_speaker(utterance, case, after=case.people.owner(earlier) if earlier else named_before)
            + (_dated(utterance, quote, case) if dated else quote)
            for earlier, utterance in zip((None, *utterances), utterances, strict=False)
            for quote in (quoted(utterance.shown, words),)
        )
        text = frame.replace("{quote}", quotations)
        rows = tuple({utterance.interaction.interaction_id: utterance.interaction for utterance in utterances}.values())
        evidence = tuple(dict.fromkeys(row.interaction_id for row in rows))
        return BriefSentence(text, evidence, quotes_in(text, *rows))


class Findings(NamedTuple):
    """What was found out about a case, for every part of the brief: `broken` are the promises of ours not kept."""

    case: Case
    status: ResolutionStatus
    entities: tuple[Entity, ...]
    commitments: tuple[Commitment, ...]
    broken: tuple[Commitment, ...]
    wording: Wording


def _joint(earlier: Utterance, later: Utterance, case: Case) -> str:
    """What stands between two quotations: a dash where one follows the other in the talk, else the mark of a gap."""
    return " – " if case.follows(earlier, later) else " … "


def _dated(utterance: Utterance, quotation: str, case: Case) -> str:
    return (
        f"{quotation} ({utterance.interaction.occurred_at:%Y-%m-%d})"
        if case.is_of_earlier_day(utterance)
        else quotation
    )


def _named_speaker(utterance: Utterance, case: Case, after: str | None = None) -> str:
    """Whose words follow, where several people are on the customer's side and another was named last."""
    owner = case.people.owner(utterance)
    return f"{owner}: " if owner is not None and owner != after else ""


def sentence_of(text: str, row: Interaction) -> BriefSentence:
    """A sentence that one interaction backs."""
    ended = text if text[-1] in ".!?”»“’" else f"{text}."
    return BriefSentence(ended, (row.interaction_id,), quotes_in(text, row))


def contact_reason(case: Case, wording: Wording) -> BriefSentence | None:
    """What the customer came for, in their words; else the step they could not finish; None when there is neither."""
    reasons = case.reasons
    if reasons:
        return wording.quoting(reasons, case)
    failed = [step for step in case.steps if step.action.outcome is not Outcome.SUCCEEDED and not step.taken_back]
    return _step(failed[-1], wording) if failed else next(iter(appointments(case, wording)), None)


def situation(findings: Findings, words: int = SITUATION_WORDS) -> list[BriefSentence]:
    """At most four sentences within so many words, the weightiest first.

    What we owe, what failed, what was taken back or refused, what led here, what our side found and what was named;
    then what the customer also told, as far as there is room; then what was answered, promised and done.
    """
    case, wording = findings.case, findings.wording
    story = _Story(min(words, SITUATION_WORDS))
    story.tell(_overdue(findings), leaving=FEWEST_TOLD_BESIDE)
    if findings.broken:  # what was promised since may stand in its stead
        story.tell(_promised(findings), leaving=WORDS_FOR_THE_REST)
    story.tell(_unread(case, wording), leaving=WORDS_FOR_THE_REST)
    story.tell(_failed(case, wording), leaving=WORDS_FOR_THE_REST)
    if case.reason is not None or case.steps:  # else it is told as the reason
        story.tell(appointments(case, wording), leaving=WORDS_FOR_THE_REST)
    story.tell(_turns(case, wording), leaving=WORDS_FOR_THE_REST)
    story.tell(_replied(case, wording), leaving=WORDS_FOR_THE_REST)
    story.tell(_passed_on(case, wording), leaving=WORDS_FOR_THE_REST)
    story.tell(_unspoken(case, wording), leaving=WORDS_FOR_THE_REST)
    story.tell(_refusals(case, wording), leaving=WORDS_FOR_THE_REST)
    story.tell(_before(case, wording), leaving=WORDS_FOR_THE_REST)
    story.tell(_finding(case, wording), leaving=WORDS_FOR_THE_REST)
    story.tell(_answer(case, wording), leaving=WORDS_FOR_THE_REST)
    above = story.quoted(case.utterances)
    replied = [case.replies.agreed.reply] if case.replies.agreed is not None else []
    told_elsewhere = [each for each in (*case.expectations, case.person_wanted, *replied) if each is not None]
    quoted_above = " ".join(utterance.text for utterance in (*case.reasons, *told_elsewhere, *above))
    unnamed = [entity for entity in findings.entities if entity.value not in quoted_above]
    story.tell(_named(case, unnamed, wording), leaving=WORDS_FOR_THE_REST)
    beside = case.also_told((*case.reasons, *told_elsewhere, *above), story.room - FEWEST_TOLD_BESIDE)
    if beside:
        story.tell([wording.quotations(beside, wording.phrases.also, case, SITUATION_WORDS)])
    story.tell(_finding(case, wording))
    story.tell(_answer(case, wording))
    story.tell(_promised(findings))
    story.tell(_progress(case, wording))
    story.tell(_person(case, wording, alone=not story.sentences))
    return story.sentences


class _Story:
    """Sentences as long as there is room for them."""

    def __init__(self, words: int) -> None:
        self.sentences: list[BriefSentence] = []
        self.room = words

    def tell(self, sentences: Iterable[BriefSentence], *, leaving: int = 0) -> None:
        """Take up what fits and leaves so many words, and a sentence, for what is told after it."""
        for sentence in sentences:
            words = len(sentence.text.split())
            fits = words <= self.room - leaving and len(self.sentences) < MOST_SENTENCES - (leaving > 0)
            if fits and not self._holds(sentence):
                self.sentences.append(sentence)
                self.room -= words

    def quoted(self, utterances: Iterable[Utterance]) -> list[Utterance]:
        """Which of these sentences were quoted, whole or shortened."""
        quotes = [quote for sentence in self.sentences for quote in sentence.quotes]
        return [utterance for utterance in utterances if any(_quotes(quote, utterance) for quote in quotes)]

    def _holds(self, sentence: BriefSentence) -> bool:
        """Whether it was told already; what was called a refusal is not quoted again as what was said."""
        quoted_above = {(quote.interaction_id, quote.text) for earlier in self.sentences for quote in earlier.quotes}
        quoted_here = {(quote.interaction_id, quote.text) for quote in sentence.quotes}
        return sentence.text in (earlier.text for earlier in self.sentences) or (
            bool(quoted_here) and quoted_here <= quoted_above
        )


def _quotes(quote: Quote, utterance: Utterance) -> bool:
    same_row = quote.interaction_id == utterance.interaction.interaction_id
    pieces = (utterance.text, *utterance.shown.split(f" {GAP} "))
    return same_row and any(_flat(piece).startswith(_flat(quote.text)) for piece in pieces)


def _flat(text: str) -> str:
    return " ".join(text.replace(GAP, " ").split())


def _overdue(findings: Findings) -> Iterable[BriefSentence]:
    """What our side promised last and has not kept."""
    for commitment in findings.broken[-1:]:
        yield from _promise(commitment, findings, f" – {findings.wording.phrases.overdue}.")


def _unread(case: Case, wording: Wording) -> Iterable[BriefSentence]:
    """That the customer's words could not be read."""
    language = language_unread(case.utterances)
    if language is not None:
        last = next(utterance for utterance in reversed(case.utterances) if utterance.by_customer)
        yield BriefSentence(wording.phrases.unread.format(language=language), (last.interaction.interaction_id,))


def _promised(findings: Findings) -> Iterable[BriefSentence]:
    """What our side promised last and may yet keep."""
    ours = [
        commitment
        for commitment in findings.commitments
        if commitment.by is not Actor.CUSTOMER and commitment not in findings.broken
    ]
    booked = {step.booking.evidence for step in findings.case.steps if step.booking}
    ours = [commitment for commitment in ours if booked.isdisjoint(commitment.evidence)]  # told as what was done
    for commitment in ours[-1:]:
        yield from _promise(commitment, findings, "")


def _promise(promise: Commitment, findings: Findings, ending: str) -> Iterable[BriefSentence]:
    wording = findings.wording
    row = next((row for row in findings.case.interactions if row.interaction_id == promise.evidence[0]), None)
    if row is not None and promise.at is not None:
        text = wording.phrases.promised.format(
            actor=wording.frames.actors[promise.by],
            day=f"{promise.at:%Y-%m-%d}",
            quote=quoted(promise.text, QUOTED_WORDS),
        )
        yield sentence_of(text + ending, row)


def broken_promises(case: Case, promised: Sequence[Commitment], now: datetime) -> tuple[Commitment, ...]:
    """The promises of ours that are overdue, where nothing tells that they were kept."""
    return tuple(commitment for commitment in promised if _is_broken(commitment, case, now))


def _is_broken(promise: Commitment, case: Case, now: datetime) -> bool:
    """Whether it is overdue, no step was taken since, and the customer does not say that they are content."""
    if promise.by is Actor.CUSTOMER or promise.at is None or not is_overdue(promise, now):
        return False
    since = promise.at
    if not any(map(is_promise, case.utterances_by_interaction.get(promise.evidence[0], ()))):
        return False  # an appointment that is past was not missed for that
    if any(_keeps(utterance) for utterance in case.utterances if utterance.interaction.occurred_at > since):
        return False
    done = any(
        step.action.at > since and step.action.outcome is Outcome.SUCCEEDED and step.action.actor is not Actor.CUSTOMER
        for step in case.steps
    )
    last = [
        utterance
        for utterance in case.utterances
        if utterance.by_customer and utterance.interaction.occurred_at > since
    ]
    if any(utterance.act is Act.THANKS and set(utterance.terms) & set(terms(promise.text)) for utterance in last):
        return False
    last = [utterance for utterance in last if utterance.interaction is last[-1].interaction]
    thanked = any(utterance.act is Act.THANKS for utterance in last) and not any(
        utterance.act in _TROUBLE for utterance in last
    )
    content = any(utterance.reading.moods["positive"] >= SURE for utterance in last)
    return not done and not content and not thanked


def _keeps(utterance: Utterance) -> bool:
    """Whether a sentence tells that what was promised has come to pass: our side did it, or the trouble is over."""
    return utterance.reading.relief >= SURE if utterance.by_customer else tells_deed(utterance)


def _failed(case: Case, wording: Wording) -> Iterable[BriefSentence]:
    """The last two steps on record that went wrong."""
    recorded = [step for step in case.steps if not step.reported and not step.taken_back]
    wrong = [step for step in recorded if step.action.outcome is not Outcome.SUCCEEDED]
    for step in wrong[-2:]:
        yield _step(step, wording)


def _progress(case: Case, wording: Wording) -> Iterable[BriefSentence]:
    """What our side did last."""
    ours = [step for step in case.steps if not step.reported and step.action.actor is not Actor.CUSTOMER]
    for step in [step for step in ours if step.action.outcome is Outcome.SUCCEEDED][-2:]:
        yield _step(step, wording)


def _step(step: AttemptedStep, wording: Wording) -> BriefSentence:
    thing = f": {', '.join(step.subject)}" if step.subject else ""
    booked = f", {step.booking.words}" if step.booking else ""
    name = wording.frames.tried(humanised(step.name) + thing + booked, step.outcomes)
    text = wording.frames.ended[step.action.outcome].format(step=name)
    return BriefSentence(text, step.action.evidence)


def _before(case: Case, wording: Wording) -> Iterable[BriefSentence]:
    """What had brought the customer to us before this conversation; of a trouble that is back, what was done then."""
    repair = repair_before(case)
    if repair is not None:
        row = repair.ended_by[-1].interaction
        day, channel = f"{row.occurred_at:%Y-%m-%d}", wording.channel(row.channel)
        form = wording.phrases.back if repair.is_same else wording.phrases.earlier
        frame = form.replace("{day}", day).replace("{channel}", channel)
        yield wording.quotations(repair.ended_by, frame, case, dated=False)
    elif case.before is not None:
        row = case.before.interaction
        yield wording.quotation(
            case.before,
            wording.phrases.earlier,
            day=f"{row.occurred_at:%Y-%m-%d}",
            channel=wording.channel(row.channel),
        )


def _turns(case: Case, wording: Wording) -> Iterable[BriefSentence]:
    """What the customer has taken back: what our side had arranged for them, and what they had wanted."""
    for revocation in case.revoked[-1:]:
        by_customer = wording.phrases.refused.replace("{actor}", wording.frames.actors[Actor.CUSTOMER])
        frame = by_customer if revocation.only_declined else wording.phrases.withdrawn
        sentence = wording.quotation(revocation.ours, frame, case)
        yield sentence._replace(evidence=(*sentence.evidence, revocation.by.interaction.interaction_id))
    for wish in reversed(case.wishes):
        back = wish.closed_by if wish.state is WishState.WITHDRAWN else None
        if back is not None and back.reading.acts[Act.WITHDRAWAL] >= _SURE_OF_WITHDRAWAL:
            # Of "dont cancel." alone nobody sees what was taken back.
            utterance = back if len(back.text.split()) >= _FEWEST_WORDS_BACK else wish.utterance
            yield wording.quotation(utterance, wording.phrases.withdrawn, case)
            return


def _replied(case: Case, wording: Wording) -> Iterable[BriefSentence]:
    """What the customer answered last to a message that they quote, unless it is told as what they want."""
    last = case.replies.last
    if last is not None and last is not case.replies.agreed:
        yield wording.reply(last, case)


def _passed_on(case: Case, wording: Wording) -> Iterable[BriefSentence]:
    """Whose letter the customer passed on last."""
    for letter in list(letters_passed_on(case.interactions))[-1:]:
        shown = shortened(letter.described, QUOTED_WORDS)
        yield BriefSentence(wording.phrases.passed_on.format(letter=shown), (letter.row.interaction_id,))


def appointments(case: Case, wording: Wording) -> list[BriefSentence]:
    """How the last appointments stand that came as calendars, the newest first: each as the last message has it."""
    latest: dict[str, BriefSentence] = {}
    for row in case.interactions:
        for appointment in appointments_from(row.data):
            frame = getattr(wording.phrases.appointments, appointment.step)
            text = frame.format(appointment=shortened(appointment.described, QUOTED_WORDS))
            latest.pop(appointment.what.casefold(), None)
            latest[appointment.what.casefold()] = BriefSentence(text, (row.interaction_id,))
    return [*latest.values()][: -MOST_APPOINTMENTS - 1 : -1]


def _unspoken(case: Case, wording: Wording) -> Iterable[BriefSentence]:
    """What the customer chose last without typing it, what they sent without a word, and that a machine answered."""
    rows = [row for row in case.interactions if row.actor is Actor.CUSTOMER and row.interaction_id in case.at_hand]
    by_nature = {nature: [row for row in rows if nature_of(row) is nature] for nature in Nature}
    quoted_above = {utterance.interaction.interaction_id for utterance in (*case.reasons, *case.expectations)}
    for row in [row for row in by_nature[Nature.CHOICE][-1:] if row.interaction_id not in quoted_above]:
        yield sentence_of(wording.phrases.chosen.format(quote=quoted(row.text, QUOTED_WORDS)), row)
    yield from _wordless(by_nature[Nature.WORDLESS], wording)
    for row in by_nature[Nature.AUTOMATIC][-1:]:
        text = wording.phrases.automatic.format(day=f"{row.occurred_at:%Y-%m-%d}")
        yield BriefSentence(text, (row.interaction_id,))


def _wordless(rows: Sequence[Interaction], wording: Wording) -> Iterable[BriefSentence]:
    """What was sent without a word: pictures and files by their number, locations and contacts as such."""
    phrases = wording.phrases
    locations = [row for row in rows if is_location(row.data)]
    contacts = [row for row in rows if is_contact(row.data)]
    files = [row for row in rows if row not in (*locations, *contacts)]
    counted = phrases.wordless_several.format(count=len(files)) if len(files) > 1 else phrases.wordless_single
    texts = (counted, phrases.wordless_location, phrases.wordless_contact)
    for text, sent in zip(texts, (files, locations, contacts), strict=True):
        if sent:
            yield BriefSentence(text, tuple(row.interaction_id for row in sent))


def _refusals(case: Case, wording: Wording) -> Iterable[BriefSentence]:
    """What our side refused last in so many words that they tell what."""
    telling = [refusal for refusal in case.refusals if len(refusal.terms) >= _FEWEST_TERMS] or case.refusals
    for utterance in telling[-1:]:
        yield wording.quotation(utterance, wording.phrases.refused, case)


def _person(case: Case, wording: Wording, *, alone: bool) -> Iterable[BriefSentence]:
    """That they ask for a person, where neither the reason nor what they want tells it, or it would stand `alone`."""
    wanted = case.person_wanted
    above = (*case.reasons, *case.expectations)
    is_told = case.only_asks_for_person or any(map(asks_for_person, above))
    if wanted is not None and wanted is not case.reason and (alone or not is_told):
        yield BriefSentence(wording.phrases.wants_person, (wanted.interaction.interaction_id,))


def _answer(case: Case, wording: Wording) -> Iterable[BriefSentence]:
    """What the customer's last question was answered with."""
    if case.answer is not None:
        yield wording.quotation(case.answer, wording.phrases.answered, case)


def _finding(case: Case, wording: Wording) -> Iterable[BriefSentence]:
    """What our side told last of the matter."""
    if case.finding is not None and case.finding is not case.answer:
        yield wording.quoting([case.finding], case)


def _named(case: Case, entities: Sequence[Entity], wording: Wording) -> Iterable[BriefSentence]:
    """What the customer named."""
    by_customer = {
        interaction.interaction_id for interaction in case.interactions if interaction.actor is Actor.CUSTOMER
    }
    named: dict[str, list[str]] = {}
    evidence: list[str] = []
    for entity in entities:
        if entity.type in _UNTOLD or not by_customer.intersection(entity.evidence):
            continue
        named.setdefault(label_of(entity.type), []).append(entity.value)
        evidence.extend(entity.evidence[:2])
        if sum(map(len, named.values())) == MOST_NAMED:
            break
    if named:
        things = "; ".join(thing_of(label, *values) for label, values in named.items())
        yield BriefSentence(wording.phrases.named.format(things=things), tuple(dict.fromkeys(evidence)))


def thing_of(label: str, *values: str) -> str:
    """Values with what they are, `order W4410, W5512`; a label that only tells their form is left out."""
    form_only = label in ("code", "number", "amount", "reference", "id")
    return ", ".join(values) if form_only or not label else f"{label} {', '.join(values)}"
