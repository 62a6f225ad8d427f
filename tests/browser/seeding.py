"""Weeks of customers' journeys, made up by a seed, and filed through the public API as a company's channels would.

The shop, its customers and their words are invented. The same seed and the same last day make the same journeys.
"""

import asyncio
import random
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from app.bootstrap import build
from app.main import create_app
from app.ports import Embedder
from app.settings import Settings
from tests.browser.harness import Service, listening

AT_ONCE = 4
WEEKS = 8
LAST_DAY = datetime(2026, 3, 29, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Matter:
    """Something customers come with: what they try alone, how they say it, what a bot and an agent answer."""

    step: str
    reports: Sequence[str]
    tried: str
    bot: Sequence[str]
    upset: Sequence[str]
    case_note: str
    asks: str
    solved: str


@dataclass(slots=True)
class Journey:
    """One customer's way: requests to the API in the order in which they are sent."""

    customer: str
    requests: list[tuple[str, dict[str, Any]]] = field(default_factory=list[tuple[str, dict[str, Any]]])


MATTERS = (
    Matter(
        step="print_return_label",
        reports=(
            "The pan from order {order} arrived with a cracked lid and I want to send it back.",
            "I need to return the pan of order {order}, its lid is cracked.",
        ),
        tried="The app cannot make a return label for me.",
        bot=("You can print a return label in the app under Orders.", "Please print the return label in the app."),
        upset=("I tried that, the label page shows an error.", "The label cannot be printed, that does not help me."),
        case_note="the return label for order {order} could not be printed",
        asks="Yes, exactly. How do I send it back now?",
        solved="I have sent the return label for the pan to your e-mail address.",
    ),
    Matter(
        step="track_parcel",
        reports=(
            "Where is my parcel? Order {order} should have been here on Monday.",
            "The tracking of order {order} has not moved for five days.",
        ),
        tried="The tracking page stays empty. When will my parcel arrive?",
        bot=("Your parcel is on its way. You can track it in the app.", "Parcels take two to four working days."),
        upset=("It has said that for a week now!", "That is what the app says too, and nothing moves."),
        case_note="order {order} has not moved for days",
        asks="Yes, exactly. Where is it, and when will it arrive?",
        solved="I have opened an investigation with the carrier and they answer by tomorrow.",
    ),
    Matter(
        step="request_refund",
        reports=(
            "I sent the jacket of order {order} back two weeks ago and still wait for my 84.90 EUR.",
            "My refund of 84.90 EUR for order {order} has not arrived.",
        ),
        tried="Where is my refund? The page only says that it failed.",
        bot=("Refunds take up to ten working days.", "You can see the state of your refund under Payments."),
        upset=("It is longer than that already, this is ridiculous.", "There is nothing to be seen there."),
        case_note="the refund of 84.90 EUR for order {order} is overdue",
        asks="Yes. When will my refund be on my account?",
        solved="I have released the refund of 84.90 EUR just now.",
    ),
    Matter(
        step="change_address",
        reports=(
            "I have moved. Please deliver order {order} to my new address.",
            "The delivery address of order {order} is wrong, can you change it?",
        ),
        tried="I cannot change the delivery address of my order myself.",
        bot=("You can change your address in your profile.", "Addresses are changed under Settings."),
        upset=("The order still shows the old one.", "I changed it there, and the order keeps the old address."),
        case_note="order {order} still has the old address",
        asks="Yes. Can the address still be changed before it is shipped?",
        solved="I have changed the delivery address of the order for you.",
    ),
    Matter(
        step="update_payment_card",
        reports=(
            "I was charged twice for order {order}, once on each card.",
            "My card was debited two times for order {order}.",
        ),
        tried="The payment page does not let me remove the second card, and I was charged twice.",
        bot=("A second booking is often only a reservation.", "You can see your payments under Payments."),
        upset=("Both have been taken from my account.", "No, both amounts are gone, I checked with my bank."),
        case_note="order {order} was charged twice",
        asks="Yes. Will the second payment be reversed?",
        solved="I have given back the second booking, it is on your account by tomorrow.",
    ),
)
HUMAN = ("I want to talk to a real person.", "Can I speak to somebody, please?", "Get me an agent.")
# How often each way is taken: self-service first, the bot's channel, and the channel on which an agent is met.
WAYS: Sequence[tuple[int, str | None, str, str]] = (
    (30, "app", "chat", "voice"),
    (16, None, "chat", "chat"),
    (14, "web", "chat", "voice"),
    (12, None, "whatsapp", "voice"),
    (10, "app", "ivr", "voice"),
    (8, None, "whatsapp", "chat"),
    (5, "web", "email", "voice"),
)
QUEUES = {"voice": "service", "chat": "chat-desk"}


def journeys(customers: int, *, until: datetime, weeks: int, seed: int = 7) -> Iterator[Journey]:
    """So many customers' journeys, spread over the weeks before a moment. Agents know more as the weeks go by."""
    dice = random.Random(seed)
    for number in range(customers):
        share = (number + dice.random()) / customers
        start = until - timedelta(weeks=weeks) + timedelta(weeks=weeks) * share
        start = start.replace(hour=dice.randint(7, 19), minute=dice.randint(0, 59), second=0, microsecond=0)
        yield _Telling(dice, number, min(start, until - timedelta(hours=6)), share).journey()


async def seed_journeys(client: httpx.AsyncClient, wanted: Iterator[Journey]) -> int:
    """File journeys, a few customers at once; gives how many requests it took. Fails on any refusal."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def file(journey: Journey) -> int:
        async with gate:
            handoff_id = ""
            for path, body in journey.requests:
                answer = await client.post(path.format(handoff_id=handoff_id), json=body)
                assert answer.is_success, answer.text
                handoff_id = answer.json().get("handoff_id", handoff_id)
            return len(journey.requests)

    return sum(await asyncio.gather(*(file(journey) for journey in wanted)))


class _Telling:
    """Makes one journey up. `share` is how far in the weeks it lies, from 0 to 1."""

    def __init__(self, dice: random.Random, number: int, start: datetime, share: float) -> None:
        self._dice = dice
        self._now = start
        self._share = share
        self._number = number
        self._matter = dice.choices(MATTERS, weights=(28, 24, 22, 14, 12))[0]
        self._order = f"ORD-{40_000 + 37 * number}"
        self._customer = f"cust-{number:04d}"
        self._rows: list[dict[str, Any]] = []
        self._made = 0
        self._journey = Journey(self._customer)

    def journey(self) -> Journey:
        """What happened, from the first attempt to the end."""
        _, alone, bot, agent = self._dice.choices(WAYS, weights=[way[0] for way in WAYS])[0]
        if alone:
            settled = self._alone(alone)
            if settled and self._dice.random() < 0.9:
                return self._done()
        settled = self._with_bot(bot, came=alone is not None)
        if settled:
            return self._done()
        prepared = self._dice.random() < 0.55 + 0.4 * self._share
        if prepared:
            self._hand_over(bot, agent)
        self._with_agent(bot, agent, prepared=prepared)
        return self._done()

    def _alone(self, channel: str) -> bool:
        """Self-service; says whether it was enough."""
        matter = self._matter
        settled = self._dice.random() < 0.2
        for _ in range(self._dice.randint(1, 3)):
            self._add(
                channel, "customer", "event", None, name=matter.step, outcome="failed", data={"order_id": self._order}
            )
        last = "succeeded" if settled else self._dice.choice(("failed", "abandoned"))
        self._add(channel, "customer", "event", None, name=matter.step, outcome=last, data={"order_id": self._order})
        self._wait(3, 90)
        return settled

    def _with_bot(self, channel: str, *, came: bool) -> bool:
        """A conversation with a bot; says whether it was enough."""
        matter, conversation = self._matter, f"{channel}-{self._number}"
        names_it_again = not came or self._dice.random() < 0.35
        self._say(
            channel, "customer", self._dice.choice(matter.reports) if names_it_again else matter.tried, conversation
        )
        self._say(channel, "bot", matter.bot[0], conversation)
        if self._dice.random() < 0.22:
            self._say(channel, "customer", "Great, that worked. Thank you, that is all.", conversation)
            self._say(channel, "bot", "You are welcome. Goodbye!", conversation)
            return True
        self._say(channel, "customer", matter.upset[0], conversation)
        self._say(channel, "bot", self._dice.choice(matter.bot), conversation)
        if self._dice.random() < 0.5:
            self._say(channel, "customer", matter.upset[1], conversation)
        if self._dice.random() < 0.4:
            self._say(channel, "customer", self._dice.choice(HUMAN), conversation)
        return False

    def _hand_over(self, source: str, target: str) -> None:
        self._file()
        body = {
            "conversation_id": f"{source}-{self._number}",
            "from_channel": source,
            "to_channel": target,
            "from_actor": "bot",
            "to_queue": QUEUES[target],
            "reason": {"code": self._dice.choice(("customer_request", "bot_failure", "missing_tool"))},
            "now": self._now.isoformat(),
        }
        self._journey.requests.append(("/v1/handoffs", body))

    def _with_agent(self, source: str, target: str, *, prepared: bool) -> None:
        asked_at = self._now
        self._wait(0.2, 2) if source == target else self._wait(0.5, 6)
        conversation = f"{source}-{self._number}" if source == target else f"call-{self._number}"
        connected_at = self._now
        repeats = self._dice.random() < (0.5 - 0.4 * self._share if prepared else 0.85)
        if repeats:
            self._ask_again(target, conversation)
        else:
            case_note = self._matter.case_note.format(order=self._order)
            self._say(target, "agent", f"Hello, I can see that {case_note}.", conversation)
            self._say(target, "customer", self._matter.asks, conversation)
        self._say(target, "agent", self._matter.solved, conversation)
        if self._dice.random() < 0.8:
            self._say(target, "customer", "Perfect, thank you very much. That is all.", conversation)
        self._file()
        if prepared and self._dice.random() < 0.85:
            self._tell(asked_at, connected_at, repeats=repeats)

    def _ask_again(self, channel: str, conversation: str) -> None:
        """The agent collects once more what the ledger held."""
        self._say(channel, "agent", "Hello, could you tell me what this is about?", conversation)
        self._say(channel, "customer", self._dice.choice(self._matter.reports), conversation)
        if self._dice.random() < 0.5:
            self._say(channel, "agent", "Could you give me the order number, please?", conversation)
            self._say(channel, "customer", "{order}.", conversation)

    def _tell(self, asked_at: datetime, connected_at: datetime, *, repeats: bool) -> None:
        """The agent's feedback, as a desktop sends it."""
        late = self._dice.random() < 0.08
        displayed_at = (
            connected_at + timedelta(minutes=4) if late else asked_at + timedelta(seconds=self._dice.randint(1, 9))
        )
        body: dict[str, Any] = {
            "displayed_at": displayed_at.isoformat(),
            "connected_at": connected_at.isoformat(),
            "accepted": self._dice.random() < 0.82 + 0.12 * self._share,
        }
        if self._dice.random() < 0.35:
            body["repeated_information"] = repeats
        if self._dice.random() < 0.15:
            body["missing_context"] = repeats
        self._journey.requests.append(("/v1/handoffs/{handoff_id}/feedback", body))

    def _say(self, channel: str, actor: str, text: str, conversation: str) -> None:
        self._add(channel, actor, "message", conversation, text=text.format(order=self._order))

    def _add(self, channel: str, actor: str, kind: str, conversation: str | None, **more: Any) -> None:
        self._now += timedelta(seconds=self._dice.randint(6, 40))
        row: dict[str, Any] = {
            "id": f"{self._customer}-{self._made}",
            "occurred_at": self._now.isoformat(),
            "channel": channel,
            "actor": actor,
            "kind": kind,
            "identifiers": [{"type": "account_id", "value": self._customer, "verified": True, "method": "login"}],
            **more,
        }
        self._made += 1
        self._rows.append(row | ({"conversation_id": conversation} if conversation else {}))

    def _wait(self, least: float, most: float) -> None:
        self._now += timedelta(minutes=self._dice.uniform(least, most))

    def _file(self) -> None:
        if self._rows:
            self._journey.requests.append(("/v1/interactions", {"interactions": self._rows}))
            self._rows = []

    def _done(self) -> Journey:
        self._file()
        return self._journey


@asynccontextmanager
async def seeded_service(folder: Path, *, customers: int, embedder: Embedder | None = None) -> AsyncGenerator[Service]:
    """A shop's service with weeks of journeys in it that end with `LAST_DAY`, each read to the end."""
    settings = Settings.model_construct(data_dir=folder, vectors_url="memory:", catalogue="retail")
    async with build(settings, embedder=embedder) as app:
        await app.warm_up()
        async with listening(create_app(settings, app), app) as service:
            await seed_journeys(service.client, journeys(customers, until=LAST_DAY + timedelta(days=1), weeks=WEEKS))
            while (await service.get("/v1/analytics/graph"))["unread_conversations"]:  # noqa: ASYNC110 - told by nothing else
                await asyncio.sleep(0.05)
            yield service
