"""Disarms, in one place, what the libraries would otherwise fetch, retry or report over a network by themselves.

Call `disarm` before any of them is imported: most read the environment once, at import. What takes long to load is
loaded `in_turn`, in a thread of its own.
"""

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from threading import RLock
from typing import TypeVar

# Heavy libraries are imported when first needed, in threads. Two that need each other's parts at the same moment can be
# given a half-made module, so each import waits for its turn: `with LOADING:`.
LOADING = RLock()
# Whoever waits for a load in one of asyncio's few threads keeps a piece of work from it that needs nothing to be
# loaded: a handful of handoffs at the start, and no other is answered until the last library is there.
_LOADER = ThreadPoolExecutor(max_workers=1, thread_name_prefix="loading")

_Loaded = TypeVar("_Loaded")


async def in_turn(load: Callable[[], _Loaded]) -> _Loaded:
    """What a load comes to, after those that were asked for before it."""
    return await asyncio.get_running_loop().run_in_executor(_LOADER, load)


def disarm() -> None:
    """Set what keeps tiktoken, litellm, Hugging Face, Chroma, onnxruntime and LangSmith here; cheap, safe to repeat."""
    encodings = _encodings_of_litellm()
    forced = {
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",  # else a price map is fetched at import
        "HF_HUB_OFFLINE": "1",  # else counting tokens for a hub model's name retries for 23 s
        "ANONYMIZED_TELEMETRY": "False",  # Chroma
        "ORT_DISABLE_TELEMETRY": "1",  # else onnxruntime reports its use, and keeps a device id in the home folder
        "LANGSMITH_TRACING": "false",
        "LANGCHAIN_TRACING_V2": "false",
    }
    os.environ.update(forced)
    if encodings is not None:
        # litellm overwrites the first at its first token count and honours only the second.
        os.environ["TIKTOKEN_CACHE_DIR"] = str(encodings)
        os.environ["CUSTOM_TIKTOKEN_CACHE_DIR"] = str(encodings)


def _encodings_of_litellm() -> Path | None:
    # Found without importing litellm, which takes seconds.
    spec = find_spec("litellm")
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent / "litellm_core_utils" / "tokenizers"
    return folder if folder.is_dir() else None
