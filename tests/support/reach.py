"""What a process, its memory and its files hold of some words: to tell whether they are forgotten."""

import gc
import inspect
import os
import re
import sys
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

LONGEST_PATH = 12
AT_ONCE = 10_000
LONGEST_CHUNK = 16 * 1024 * 1024
_WRITABLE = re.compile(r"([0-9a-f]+)-([0-9a-f]+) rw")


def words_reached(words: Sequence[str]) -> Mapping[str, str]:
    """The objects that this process still reaches and that hold one of the words, in any case of letters.

    Each as the path of types and names that leads to it, with what it holds. Followed are modules, frames, tasks and
    whatever the garbage collector tracks, and what these refer to. Objects of extensions that do not say what they
    refer to are seen by `words_in_memory` alone. The words that are handed in are no finding.
    """
    for _ in range(3):
        gc.collect()
    reached = _reached()
    for word in words:
        reached.pop(id(word), None)
    holders = [each for each in reached.values() if type(each) in _READERS]
    findings = list(_holding([word.lower().encode() for word in words], holders))
    if not findings:
        return {}
    paths = _paths(findings, reached)
    return {f"{paths[id(each)]} #{number}": repr(_bytes_of(each))[:200] for number, each in enumerate(findings)}


def words_in_memory(pid: int, words: Sequence[str]) -> dict[str, int]:
    """How often each word stands in the writable memory of a process, freed memory that nothing overwrote included."""
    counts = dict.fromkeys(words, 0)
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for start, end in _writable(pid):
            for at in range(start, end, LONGEST_CHUNK):
                try:
                    piece = os.pread(memory.fileno(), min(LONGEST_CHUNK, end - at), at)
                except OSError:
                    continue
                piece = piece.lower()
                for word in words:
                    counts[word] += piece.count(word.lower().encode())
    return {word: count for word, count in counts.items() if count}


def words_in_files(folder: Path, words: Sequence[str]) -> dict[str, list[str]]:
    """The words that the bytes of each file in a folder hold."""
    words_by_file: dict[str, list[str]] = {}
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        content = file.read_bytes().lower()
        if present := [word for word in words if word.lower().encode() in content]:
            words_by_file[str(file.relative_to(folder))] = present
    return words_by_file


def _reached() -> dict[int, Any]:
    """Every object reached, by its identity."""
    tracked = gc.get_objects()
    running = sys._current_frames()  # pyright: ignore[reportPrivateUsage] - there is no other way to them
    frames = [frame for frame in running.values() if frame is not inspect.currentframe()]
    frontier: list[Any] = [*sys.modules.values(), *frames, *tracked]
    reached = {id(each): each for each in frontier}
    while frontier:
        fresh: dict[int, Any] = {}
        for start in range(0, len(frontier), AT_ONCE):
            referents = gc.get_referents(*frontier[start : start + AT_ONCE])
            fresh.update(zip(map(id, referents), referents, strict=True))
        # Without a function inside, which would make what is collected here reachable itself.
        for identity in fresh.keys() & reached.keys():
            del fresh[identity]
        reached.update(fresh)
        frontier = list(fresh.values())
    return reached


def _of_text(each: str) -> bytes:
    return each.encode("utf-8", "replace")


def _of_text_file(each: StringIO) -> bytes:
    return each.getvalue().encode("utf-8", "replace")


def _of_array(each: NDArray[Any]) -> bytes:
    return b"" if each.dtype.hasobject else each.tobytes()


_READERS: Mapping[type, Callable[[Any], bytes]] = {
    str: _of_text,
    bytes: bytes,
    bytearray: bytes,
    memoryview: bytes,
    array: bytes,
    StringIO: _of_text_file,
    BytesIO: BytesIO.getvalue,
    np.ndarray: _of_array,
}


def _bytes_of(each: Any) -> bytes:
    try:
        return _READERS[type(each)](each)
    except (ValueError, TypeError):  # released or closed
        return b""


def _holding(words: Sequence[bytes], holders: Sequence[Any]) -> Iterator[Any]:
    for start in range(0, len(holders), AT_ONCE):
        some = holders[start : start + AT_ONCE]
        together = b"\0".join(map(_bytes_of, some)).lower()
        for word in [sought for sought in words if sought in together]:
            yield from (each for each in some if word in _bytes_of(each).lower())


def _paths(findings: Sequence[Any], reached: Mapping[int, Any]) -> Mapping[int, str]:
    """For each finding how it is reached, looked for from the finding upwards."""
    parents: dict[int, Any] = {}
    wanted = {id(each) for each in findings}
    for _ in range(LONGEST_PATH):
        if not wanted:
            break
        above: set[int] = set()
        for each in reached.values():
            for child in map(id, gc.get_referents(each)):
                if child in wanted and child not in parents:
                    parents[child] = each
                    above.add(id(each))
        wanted = above - parents.keys()
    return {id(each): _path(each, parents) for each in findings}


def _path(each: Any, parents: Mapping[int, Any]) -> str:
    steps: list[str] = []
    while len(steps) < LONGEST_PATH:
        parent = parents.get(id(each))
        steps.append(f"{_name_in(parent, each)}{type(each).__module__}.{type(each).__qualname__}")
        if parent is None:
            break
        each = parent
    return " > ".join(reversed(steps))


def _name_in(parent: Any, child: Any) -> str:
    if isinstance(parent, dict):
        items = list(cast(dict[Any, Any], parent).items())
        return next((f"[{repr(key)[:60]}] " for key, value in items if value is child), "[key] ")
    name = getattr(child, "__name__", None)
    return f"{name} " if isinstance(name, str) else ""


def _writable(pid: int) -> Iterator[tuple[int, int]]:
    for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
        if match := _WRITABLE.match(line):
            yield int(match[1], 16), int(match[2], 16)
