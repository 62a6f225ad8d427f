"""A Pipecat bot that hands its call to a person, who hears first what it is about.

`pip install pipecat-ai httpx` (tried with pipecat-ai 1.14) with the transport that you use. The transfer here is that
of a transport with dial-out, such as Daily's: the person is called into the room while the customer hears nothing, is
told the whisper, and then both hear each other. Register `transfer.run` as the function that your model calls:

    transfer = WarmTransfer(transport, worker, warmline, conversation_id, {"phoneNumber": "+15105550123"})
    llm.register_function("transfer_to_person", transfer.run)
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Protocol

import httpx
from pipecat.frames.frames import BotStoppedSpeakingFrame, Frame, TTSSpeakFrame
from pipecat.observers.base_observer import BaseObserver, FramePushed
from pipecat.services.llm_service import FunctionCallParams
from spoken_handoff import spoken_handoff

RINGS_FOR_S = 25.0
SPEAKS_FOR_S = 30.0
NOBODY = "Nobody could take the call. Tell the customer so, and ask whether you may call them back."
TAKEN = "The call is with a colleague now. Say nothing more."


class DialOut(Protocol):
    """What is needed of a transport: Daily's has it."""

    def add_event_handler(self, event_name: str, handler: Any) -> None:
        """Have a function called when something happens."""

    async def start_dialout(self, settings: Mapping[str, Any]) -> Any:
        """Call somebody into the room."""

    async def update_remote_participants(self, remote_participants: Mapping[str, Any]) -> Any:
        """Change who hears whom."""


class Worker(Protocol):
    """What is needed of a pipeline's worker."""

    async def queue_frame(self, frame: Frame) -> None:
        """Put a frame into the pipeline."""

    def add_observer(self, observer: BaseObserver) -> None:
        """Have every frame shown to somebody."""


class SpeechEnd(BaseObserver):
    """Knows when the bot has said what it was given to say."""

    def __init__(self) -> None:
        super().__init__()
        self.reached = asyncio.Event()

    async def on_push_frame(self, data: FramePushed) -> None:
        """See a frame on its way."""
        if isinstance(data.frame, BotStoppedSpeakingFrame):
            self.reached.set()


class WarmTransfer:
    """Hands one call to a person."""

    def __init__(
        self,
        transport: DialOut,
        worker: Worker,
        warmline: httpx.AsyncClient,
        conversation_id: str,
        person: Mapping[str, Any],
        customer_id: str = "*",
    ) -> None:
        """`person` is whom to call, as the transport's dial-out takes it; `customer_id` who is put on hold."""
        self._transport = transport
        self._worker = worker
        self._warmline = warmline
        self._conversation_id = conversation_id
        self._person = person
        self._customer_id = customer_id
        self._speech_end = SpeechEnd()
        worker.add_observer(self._speech_end)
        self._answered: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        transport.add_event_handler("on_dialout_answered", self._on_answered)
        for failure in ("on_dialout_error", "on_dialout_stopped"):
            transport.add_event_handler(failure, self._on_failure)

    async def run(self, params: FunctionCallParams) -> None:
        """Hand the call over, and tell the model how that ended."""
        handoff = await spoken_handoff(self._warmline, self._conversation_id, to_channel="voice")
        await self._speak(handoff.customer_line)
        await self._hold(on=True)
        try:
            error = _error_of(await self._transport.start_dialout(self._person))
            if error or not await asyncio.wait_for(self._answered, RINGS_FOR_S):
                raise TimeoutError(error)
            await self._speak(handoff.whisper)
        except TimeoutError:
            await params.result_callback(NOBODY)
        else:
            await params.result_callback(TAKEN)
        finally:
            await self._hold(on=False)

    async def _speak(self, text: str) -> None:
        """Say it to the end, for who hears it changes then. The words are ours and no turn of the conversation."""
        self._speech_end.reached.clear()
        await self._worker.queue_frame(TTSSpeakFrame(text, append_to_context=False))
        with suppress(TimeoutError):
            await asyncio.wait_for(self._speech_end.reached.wait(), SPEAKS_FOR_S)

    async def _hold(self, *, on: bool) -> None:
        permissions = {"permissions": {"canReceive": {"base": not on}}}
        await self._transport.update_remote_participants({self._customer_id: permissions})

    async def _on_answered(self, *_: Any) -> None:
        self._settle(answered=True)

    async def _on_failure(self, *_: Any) -> None:
        self._settle(answered=False)

    def _settle(self, *, answered: bool) -> None:
        if not self._answered.done():
            self._answered.set_result(answered)


def _error_of(outcome: Any) -> object:
    """What went wrong at once: dial-out gives a session and an error, of which one is None."""
    return outcome[1] if isinstance(outcome, tuple) else outcome
