"""A small made-up world of journeys whose figures are worked out by hand in `test_continuity.py`."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from app.models import Actor, Channel, Feedback, Handoff, HandoffRequest, Identifier, InteractionDraft, Kind

if TYPE_CHECKING:
    from app.services import App

TENANT = "acme"
START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)  # a Monday


def at(seconds: float, *, day: int = 0) -> datetime:
    """So many seconds after nine o'clock on a day of the world."""
    return START + timedelta(days=day, seconds=seconds)


def account(value: str) -> Identifier:
    """A verified account number."""
    return Identifier(type="account_id", value=value, verified=True, method="login")


def email(value: str) -> Identifier:
    """A verified e-mail address."""
    return Identifier(type="email", value=value, verified=True, method="code")


def message(
    moment: datetime, actor: str, text: str, conversation: str, channel: str, **fields: Any
) -> InteractionDraft:
    """A message, unless told otherwise."""
    kind = Kind(fields.pop("kind", "message"))
    return InteractionDraft(
        occurred_at=moment,
        channel=Channel(channel),
        actor=Actor(actor),
        kind=kind,
        text=text,
        conversation_id=conversation,
        **fields,
    )


async def talk(app: "App", whose: Identifier, *lines: InteractionDraft, tenant: str = TENANT) -> Sequence[str]:
    """File what was said by and to one customer; gives the interactions' ids."""
    named = [line.model_copy(update={"identifiers": (whose,)}) for line in lines]
    answer = await app.interactions.record(tenant, named)
    assert all(result.problem is None for result in answer.results)
    return [result.interaction_id or "" for result in answer.results]


async def handed_on(
    app: "App", conversation: str, moment: datetime, *, to: str = "voice", tenant: str = TENANT, **fields: Any
) -> Handoff:
    """A handoff out of a chat, as of a moment."""
    request = HandoffRequest(
        conversation_id=conversation, from_channel=Channel.CHAT, to_channel=Channel(to), now=moment, **fields
    )
    return await app.handoffs.create(tenant, request)


async def returned_lamp(app: "App", *, tenant: str = TENANT, day: int = 0, name: str = "1") -> Handoff:
    """Chat with a bot, a handoff to the phone, and an agent who asks for everything again.

    Requested at 30 s, displayed at 50 s, connected at 58 s; the agent greets (60), the customer tells it again (70),
    the agent asks for the number (80), the customer gives it (90), and at 100 s the agent files the return.
    """
    whose, chat, call = account(f"acc-100{name}"), f"chat-{name}", f"call-{name}"
    await talk(
        app,
        whose,
        message(
            at(0, day=day), "customer", "The lamp of order ORD-7033 arrived broken, I want a refund.", chat, "chat"
        ),
        message(at(10, day=day), "bot", "Sorry, I did not understand that.", chat, "chat"),
        message(at(20, day=day), "customer", "Can I talk to a real person?", chat, "chat"),
        tenant=tenant,
    )
    handoff = await handed_on(app, chat, at(30, day=day), to_queue="returns", tenant=tenant)
    await talk(
        app,
        whose,
        message(at(60, day=day), "agent", "Hello, this is Anna, how can I help you?", call, "voice"),
        message(at(70, day=day), "customer", "My lamp arrived broken and I want a refund.", call, "voice"),
        message(at(80, day=day), "agent", "Can you give me your order number?", call, "voice"),
        message(at(90, day=day), "customer", "It is ORD-7033.", call, "voice"),
        message(at(100, day=day), "agent", "I have filed the return, the money will be back on Friday.", call, "voice"),
        tenant=tenant,
    )
    await app.handoffs.file_feedback(
        tenant,
        handoff.handoff_id,
        Feedback(displayed_at=at(50, day=day), connected_at=at(58, day=day), accepted=True),
    )
    return handoff


async def knowing_agent(app: "App") -> Handoff:
    """The same way to the phone, but the agent has read the brief: displayed at 40 s, first words at 60, a step at 65.

    They put the brief right before they accepted it, and say that nothing was repeated.
    """
    whose = account("acc-1002")
    await talk(
        app,
        whose,
        message(at(0, day=1), "customer", "My parcel PK-40771 never came, where is it?", "chat-2", "chat"),
        message(at(10, day=1), "bot", "I cannot find it.", "chat-2", "chat"),
        message(at(20, day=1), "customer", "I need an agent, please.", "chat-2", "chat"),
    )
    handoff = await handed_on(app, "chat-2", at(30, day=1), to_queue="parcels")
    await talk(
        app,
        whose,
        message(at(60, day=1), "agent", "Good morning, this is Ben.", "call-2", "voice"),
        message(
            at(65, day=1), "agent", "Your parcel PK-40771 is lost, and I have sent another one.", "call-2", "voice"
        ),
        message(at(75, day=1), "customer", "Great, thank you. Bye.", "call-2", "voice"),
    )
    feedback = Feedback(displayed_at=at(40, day=1), accepted=True, edited_brief={"headline": "Lost parcel"})
    await app.handoffs.file_feedback(TENANT, handoff.handoff_id, feedback)
    await app.handoffs.file_feedback(TENANT, handoff.handoff_id, Feedback(repeated_information=False))
    return handoff


async def taken_over_in_chat(app: "App") -> None:
    """An agent follows the bot in one chat, and nobody asked for a handoff: first words at 30 s, a step at 50."""
    await talk(
        app,
        account("acc-1003"),
        message(at(0, day=1), "customer", "I cannot log in, my user number is USR-90210.", "chat-3", "chat"),
        message(at(10, day=1), "bot", "Please try again later.", "chat-3", "chat"),
        message(at(20, day=1), "customer", "That does not help me.", "chat-3", "chat"),
        message(at(30, day=1), "agent", "Hello, may I have your user number?", "chat-3", "chat"),
        message(at(40, day=1), "customer", "USR-90210", "chat-3", "chat"),
        message(at(50, day=1), "agent", "Your account was locked. It is open again now.", "chat-3", "chat"),
    )


async def called_after_the_app(app: "App") -> None:
    """A return that failed in the app, then a call: the agent goes on at once (90 s) with what they are told (80 s)."""
    await talk(
        app,
        account("acc-1004"),
        message(at(0, day=7), "customer", "", "app-4", "app", kind="event", name="start_return", outcome="failed"),
        message(at(80, day=7), "customer", "I want to send back a blue chair.", "call-4", "voice"),
        message(at(90, day=7), "agent", "I have sent you a label by mail.", "call-4", "voice"),
    )


async def settled_before(app: "App") -> None:
    """A chat that ended well, and later a call about something else: nobody was handed on."""
    await talk(
        app,
        account("acc-1005"),
        message(at(0), "customer", "What are your opening hours?", "chat-5", "chat"),
        message(at(10), "bot", "From nine to five.", "chat-5", "chat"),
        message(at(20), "customer", "Thank you, that is all. Bye.", "chat-5", "chat"),
        message(at(900), "customer", "Please change my postal address.", "call-5", "voice"),
        message(at(910), "agent", "I have changed it.", "call-5", "voice"),
    )


async def nobody_spoke(app: "App") -> Handoff:
    """A handoff whose call is not in the ledger; the agent says that the customer repeated it all, and rejects it."""
    whose = account("acc-1006")
    await talk(
        app,
        whose,
        message(at(0, day=8), "customer", "My bill of 80.00 EUR is wrong, please check it.", "chat-6", "chat"),
    )
    handoff = await handed_on(app, "chat-6", at(10, day=8))
    feedback = Feedback(displayed_at=at(40, day=8), accepted=False, repeated_information=True, missing_context=True)
    await app.handoffs.file_feedback(TENANT, handoff.handoff_id, feedback)
    return handoff


async def asked_and_met(app: "App", *, replayed: bool = False) -> Handoff:
    """A handoff at 30 s and an agent on the phone from 60 s, who goes on at 65; nothing is told of it yet.

    In replay, the handoff is asked for without saying as of when: today, while all the rest bears its own times.
    """
    whose = account("acc-1007")
    problem = "The lamp of order ORD-7077 arrived broken, I want a refund."
    await talk(
        app,
        whose,
        message(at(0), "customer", problem, "chat-7", "chat"),
        message(at(10), "bot", "Sorry, I did not understand that.", "chat-7", "chat"),
        message(at(20), "customer", "I want to talk to a person.", "chat-7", "chat"),
    )
    request = HandoffRequest(conversation_id="chat-7", to_channel=Channel.VOICE, now=None if replayed else at(30))
    handoff = await app.handoffs.create(TENANT, request)
    await talk(
        app,
        whose,
        message(at(60), "agent", "Good morning, this is Eve.", "call-7", "voice"),
        message(at(65), "agent", "I have sent you another lamp.", "call-7", "voice"),
        message(at(70), "customer", "Thank you.", "call-7", "voice"),
    )
    return handoff


async def whole_world(app: "App") -> None:
    """All of these journeys."""
    await returned_lamp(app)
    await knowing_agent(app)
    await taken_over_in_chat(app)
    await called_after_the_app(app)
    await settled_before(app)
    await nobody_spoke(app)
