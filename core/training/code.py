"""Files of code as this process imports them, though others may take their place while it runs."""

import hashlib
from pathlib import Path


class Code:
    """The files of Python below some folders, as they are while this object is made.

    Attributes:
        digest: the SHA-256 of their names and contents then, in hexadecimal.
    """

    def __init__(self, *folders: Path) -> None:
        digest, self._states = hashlib.sha256(), {}
        for folder in folders:
            for file in sorted(folder.rglob("*.py")):
                self._states[file] = _state(file)
                digest.update(f"{file.relative_to(folder)}\n".encode() + _content(file))
        self.digest = digest.hexdigest()

    def has_changed(self) -> bool:
        """Return True if one of the files has been written anew or removed since."""
        return any(_state(file) != state for file, state in self._states.items())


def _state(file: Path) -> tuple[int, int] | None:
    """Return the time of the last change and the size in bytes; None for a file that is not there."""
    try:
        state = file.stat()
    except OSError:
        return None
    return state.st_mtime_ns, state.st_size


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:  # an editor's lock, say, is a link to nothing
        return b""
