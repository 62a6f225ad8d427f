"""A LiveKit agent that hands its call to a person, who hears first what it is about.

`pip install livekit-agents httpx` (tried with livekit-agents 1.8), then set BRIEF_URL and BRIEF_KEY (Warmline's address
and key), SUPPORT_NUMBER (whom to call) and LIVEKIT_SIP_OUTBOUND_TRUNK, and give `entrypoint` to your worker.

LiveKit's `WarmTransferTask` puts the customer on hold, calls the person, lets its model speak with them by the
`instructions`, and joins the calls. Whoever does not answer, declines, or is a mailbox ends it with a `ToolError`,
which is caught here: the customer gets an answer, and the conversation goes on.
"""

import os

import httpx
from livekit.agents import Agent, AgentSession, JobContext, RunContext, ToolError, function_tool
from livekit.agents.beta.workflows import WarmTransferTask
from spoken_handoff import SpokenHandoff, spoken_handoff

RINGS_FOR_S = 25.0
INSTRUCTIONS = """\
You speak to a colleague who just picked up the phone, not to the customer. Say this first, word for word:

{whisper}

Then ask whether they take the call. If they agree, call connect_to_caller at once. If they decline, call
decline_transfer with their reason. If you hear a mailbox, call voicemail_detected. Add nothing that is not said above.
"""


def transfer_task(handoff: SpokenHandoff, number: str) -> WarmTransferTask:
    """The transfer to a person, who is told the whisper."""
    instructions = INSTRUCTIONS.format(whisper=handoff.whisper)
    return WarmTransferTask(number, instructions=instructions, ringing_timeout=RINGS_FOR_S)


class TransferringAgent(Agent):
    """Your agent, with a tool that hands the call to a person."""

    def __init__(self, conversation_id: str, warmline: httpx.AsyncClient, number: str) -> None:
        super().__init__(
            instructions="You help customers. Hand over with transfer_to_person when they ask for a person."
        )
        self.conversation_id = conversation_id
        self.warmline = warmline
        self.number = number

    @function_tool
    async def transfer_to_person(self, context: RunContext) -> str:
        """Hand the call to a person."""
        handoff = await spoken_handoff(self.warmline, self.conversation_id, to_channel="voice")
        await context.session.say(handoff.customer_line, allow_interruptions=False)
        try:
            await transfer_task(handoff, self.number)
        except ToolError:
            return "Nobody could take the call. Tell the customer so, and ask whether you may call them back."
        return "The call is with a colleague now. Say nothing more."


async def entrypoint(job: JobContext) -> None:
    """The job of a worker: one call."""
    key = os.environ.get("BRIEF_KEY")
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    warmline = httpx.AsyncClient(base_url=os.environ["BRIEF_URL"], headers=headers, timeout=3)
    job.add_shutdown_callback(warmline.aclose)
    # Give the session your speech recognition, model and voice. File its turns with Warmline under the same id.
    session: AgentSession = AgentSession()
    agent = TransferringAgent(job.room.name, warmline, os.environ["SUPPORT_NUMBER"])
    await session.start(agent=agent, room=job.room)
