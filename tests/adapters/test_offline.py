"""Warmline at work opens no connection beyond this machine: its libraries' own calls home are disarmed.

Each script runs in a process of its own, with a home and an environment of its own, behind a guard that notes and
refuses whatever is asked of the network. What the guard saw is the last line the process prints.
"""

import asyncio
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

from app import offline

GUARD = """
import json, socket, sys

tried = []

def is_here(address):
    return not isinstance(address, tuple) or str(address[0]) in {"127.0.0.1", "::1", "localhost"}

def guarded(method):
    def call(self, address, *rest):
        if is_here(address):
            return method(self, address, *rest)
        tried.append(f"connect {address}")
        raise ConnectionRefusedError("no network in this test")
    return call

def guarded_lookup(method):
    def call(host, *rest, **options):
        if host in {None, "", "127.0.0.1", "::1", "localhost", b"127.0.0.1", b"localhost"}:
            return method(host, *rest, **options)
        tried.append(f"look up {host}")
        raise socket.gaierror("no network in this test")
    return call

socket.socket.connect = guarded(socket.socket.connect)
socket.socket.connect_ex = guarded(socket.socket.connect_ex)
for name in ("getaddrinfo", "gethostbyname", "gethostbyname_ex"):
    setattr(socket, name, guarded_lookup(getattr(socket, name)))
"""

WORK = """
import asyncio
from app.bootstrap import build
from app.models import HandoffRequest, Identifier, InteractionDraft, NextActionRequest
from app.settings import Settings

def message(text, conversation, channel="chat", actor="customer"):
    who = Identifier(type="email", value="customer@example.com", verified=True)
    return InteractionDraft(
        text=text, conversation_id=conversation, channel=channel, actor=actor, kind="message", identifiers=(who,)
    )

async def main():
    async with build(Settings()) as app:
        await app.warm_up()
        recorded = await app.interactions.record("default", [
            message("My invoice 4711 shows the wrong amount.", "one", "email"),
            message("We will correct invoice 4711 by Friday.", "one", "email", "agent"),
            message("Is invoice 4711 corrected now? I was charged twice.", "two"),
        ])
        customer = recorded.results[0].customer_id
        while (await app.readiness()).index_lag:
            await asyncio.sleep(0.05)
        handoff = await app.handoffs.create("default", HandoffRequest(conversation_id="two"))
        assert handoff.brief.headline and handoff.failure_code is None, handoff
        await app.decisions.next_actions("default", NextActionRequest(conversation_id="two"))
        answer = await app.interactions.search("default", customer, "billed two times")
        assert answer.hits, answer
        assert (await app.readiness()).checks["index"].status == "ok"

asyncio.run(main())
"""

LIBRARIES = """
from app import offline
offline.disarm()

import tiktoken
for name in ("cl100k_base", "o200k_base"):
    assert tiktoken.get_encoding(name).encode("how many tokens?")

import litellm
assert litellm.token_counter(model="gpt-4o-mini", text="how many tokens?")
assert litellm.token_counter(model="meta-llama/llama-3-8b", text="how many tokens?")
assert tiktoken.get_encoding("cl100k_base").encode("and after litellm?")
"""

ARMED = """
import litellm
"""

REPORT = """
print(json.dumps(tried))
"""


def connections_tried(script: str, home: Path) -> list[str]:
    """What a script asks of the network, run with nothing but a search path, a fresh home and the data folder there."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "WARMLINE_DATA_DIR": str(home / "data")}
    command = [sys.executable, "-c", GUARD + script + REPORT]
    done = subprocess.run(command, cwd=home, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_recording_a_handoff_and_a_decision_stay_on_this_machine(tmp_path: Path) -> None:
    assert connections_tried(WORK, tmp_path) == []


def test_counting_tokens_and_loading_the_model_client_stay_on_this_machine(tmp_path: Path) -> None:
    assert connections_tried(LIBRARIES, tmp_path) == []


def test_the_guard_sees_what_a_library_tries_that_nobody_disarmed(tmp_path: Path) -> None:
    assert connections_tried(ARMED, tmp_path) != []


async def test_whoever_waits_for_a_library_keeps_no_thread_from_other_work() -> None:
    loaded = threading.Event()
    waiting = [asyncio.create_task(offline.in_turn(loaded.wait)) for _ in range(100)]
    await asyncio.sleep(0)
    assert await asyncio.to_thread(lambda: "done meanwhile") == "done meanwhile"
    loaded.set()
    assert all(await asyncio.gather(*waiting))
