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
from typing import Any

import gradlab
from core.training.environment import kept_in, versions

# Compressed, the definitions of the tutorial's deep network take 60 kB, those of a hundred layers some megabytes.
MAX_BYTES = 100_000_000
CPU_INFO = Path("/proc/cpuinfo")


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


def read(key: str) -> Definition | None:
    """Read a definition; None if there is none, or no file that this module wrote for the key."""
    if (file := _file(key)) is None:
        return None
    try:
        head, _, content = zlib.decompress(file.read_bytes()).partition(b"\n")
        kept = json.loads(head)
        if kept["key"] != key:
            return None
        functions, begin = [], 0
        for name, size in kept["functions"]:
            functions.append((name, content[begin : begin + size]))
            begin += size
    except (OSError, ValueError, zlib.error, LookupError, TypeError):
        return None
    with suppress(OSError):
        os.utime(file)
    return Definition(tuple(functions), kept["outputs"], tuple(kept["captured"]))


def write(key: str, definition: Definition) -> None:
    """Keep a definition. Raises nothing: without it, another process traces the function itself."""
    if (file := _file(key)) is None or definition.captured is None:
        return
    sizes = [(name, len(content)) for name, content in definition.functions]
    head = {"key": key, "functions": sizes, "outputs": definition.outputs, "captured": definition.captured}
    parts = [json.dumps(head).encode() + b"\n", *(content for _, content in definition.functions)]
    with suppress(OSError):
        file.parent.mkdir(exist_ok=True)
        with NamedTemporaryFile(dir=file.parent, delete=False) as part:
            try:
                part.write(zlib.compress(b"".join(parts), 1))
                part.flush()
                os.replace(part.name, file)
            except OSError:
                os.unlink(part.name)
                raise
        _remove_oldest(file.parent)


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


def _remove_oldest(folder: Path) -> None:
    files = sorted(((each.stat().st_mtime, each.stat().st_size, each) for each in folder.iterdir()), reverse=True)
    total = 0
    for _, size, file in files:
        total += size
        if total > MAX_BYTES:
            file.unlink(missing_ok=True)


@cache
def _surroundings() -> str:
    """Return versions of packages, the processor, and a hash of all code of the engine and the library."""
    code = hashlib.sha256()
    for package in (Path(__file__).parents[1], Path(gradlab.__file__).parent):
        for file in sorted(package.rglob("*.py")):
            code.update(f"{file.relative_to(package)}\n".encode() + file.read_bytes())
    return repr((sorted(versions().items()), platform.machine(), _processor(), code.hexdigest()))


def _processor() -> list[str]:
    """Return the model and the instructions of the first processor; nothing where the system does not tell."""
    try:
        lines = CPU_INFO.read_text().partition("\n\n")[0].splitlines()
    except OSError:
        return []
    return [line for line in lines if line.startswith(("model name", "flags", "Features", "CPU part"))]
