"""Definitions of traced functions on disk: a process that finds one need not trace the function itself.

A file is written by this module alone, compressed, under a temporary name, and renamed. What cannot be read, damaged or
of another key, counts as missing. The oldest files, by their last use, are removed once all are too large.
"""

import hashlib
import json
import os
import platform
import zlib
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, JsonValue, NonNegativeInt

from core.training.environment import IMPORTED, kept_in, versions

# Compressed, the definitions of the tutorial's deep network take 60 kB, those of a hundred layers some megabytes.
MAX_BYTES = 100_000_000
# Bytes that a process writes before it looks at the whole folder again.
PRUNE_BYTES = 5_000_000
CPU_INFO = Path("/proc/cpuinfo")

_unpruned = [PRUNE_BYTES]  # bytes written since the folder was looked at; so many that the first write looks at it


@dataclass(frozen=True, eq=False)
class Definition:
    """A traced function, as TensorFlow's runtime takes it.

    Attributes:
        functions: name and serialised `FunctionDef` of the function, which comes first, and of all that it calls.
        outputs: the nest of its outputs: 1 for a tensor, None where it returns None; lists in place of tuples.
        captured: the variables that it reads or changes, as places in the list of variables that its owner has. None
            if it captures anything else: such a definition is not kept.
    """

    functions: tuple[tuple[str, bytes], ...]
    outputs: Any
    captured: tuple[int, ...] | None

    @property
    def digest(self) -> str:
        """The SHA-256 of its functions, in hexadecimal."""
        return hashlib.sha256(b"".join(content for _, content in self.functions)).hexdigest()


class _Head(BaseModel):
    """The first line of a file; the functions follow one another. Fields as in `Definition`, with sizes in bytes."""

    model_config = ConfigDict(strict=True)

    key: str
    functions: Annotated[list[tuple[str, NonNegativeInt]], Field(min_length=1)]
    outputs: JsonValue
    captured: list[NonNegativeInt]


def read(key: str) -> Definition | None:
    """Read a definition; None if there is none, or no file that this module wrote for the key."""
    if (file := _file(key)) is None:
        return None
    try:
        line, _, content = zlib.decompress(file.read_bytes()).partition(b"\n")
        head = _Head.model_validate_json(line)
    except (OSError, ValueError, zlib.error):
        return None
    if head.key != key or sum(size for _, size in head.functions) != len(content):
        return None
    functions, begin = [], 0
    for name, size in head.functions:
        functions.append((name, content[begin : begin + size]))
        begin += size
    with suppress(OSError):
        os.utime(file)
    return Definition(tuple(functions), head.outputs, tuple(head.captured))


def write(key: str, definition: Definition) -> None:
    """Keep a definition, unless code has changed since the process began: the trace may be of old and new code.

    Raises nothing: without the file, another process traces the function itself.
    """
    if (file := _file(key)) is None or definition.captured is None or IMPORTED.has_changed():
        return
    sizes = [(name, len(content)) for name, content in definition.functions]
    head = {"key": key, "functions": sizes, "outputs": definition.outputs, "captured": definition.captured}
    parts = [json.dumps(head).encode() + b"\n", *(content for _, content in definition.functions)]
    compressed = zlib.compress(b"".join(parts), 1)
    with suppress(OSError):
        file.parent.mkdir(exist_ok=True)
        with NamedTemporaryFile(dir=file.parent, delete=False) as part:
            try:
                part.write(compressed)
                part.flush()
                os.replace(part.name, file)
            except OSError:
                os.unlink(part.name)
                raise
        _prune(file.parent, len(compressed))


def key_of(function: str) -> str:
    """Return the key of a definition, in hexadecimal.

    Args:
        function: tells the function from others. The code, versions of packages and the processor, on which its trace
            depends as well, are added.
    """
    return hashlib.sha256(f"{function} {_surroundings()}".encode()).hexdigest()


def _file(key: str) -> Path | None:
    folder = kept_in()
    return folder / "traced" / key if folder else None


def _prune(folder: Path, written: int) -> None:
    """Remove the oldest files, at the first write and whenever many bytes have been written since."""
    _unpruned[0] += written
    if _unpruned[0] < PRUNE_BYTES:
        return
    _unpruned[0] = 0
    files, total = [], 0
    with os.scandir(folder) as entries:
        for entry in entries:
            with suppress(OSError):  # another process may have removed it
                state = entry.stat()
                files.append((state.st_mtime, state.st_size, entry.path))
    for _, size, path in sorted(files, reverse=True):
        total += size
        if total > MAX_BYTES:
            with suppress(OSError):
                os.unlink(path)


@cache
def _surroundings() -> str:
    """Return versions of packages, the processor, and the digest of all code of the engine and the library."""
    return repr((sorted(versions().items()), platform.machine(), _processor(), IMPORTED.digest))


def _processor() -> list[str]:
    """Return the model and the instructions of the first processor; nothing where the system does not tell."""
    try:
        lines = CPU_INFO.read_text().partition("\n\n")[0].splitlines()
    except OSError:
        return []
    return [line for line in lines if line.startswith(("model name", "flags", "Features", "CPU part"))]
