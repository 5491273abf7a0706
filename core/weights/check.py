"""Check of a file of weights while it is received: a safetensors header, then finite numbers of float32.

Nothing in such a file needs a reader of its own: the header is JSON within bounds, and the rest are numbers. So it is
checked in the process that receives it, and there is nothing left to be checked behind it.
"""

import numpy as np

from core.samples.limits import refusal
from gradlab.errors import shorten
from gradlab.frozen import MAX_PATH
from gradlab.spec.initial_weights import SEPARATOR
from gradlab.tensor_file import LENGTH_BYTES, TensorEntry, parse_header

# Characters of a tensor's name; the longest have 30.
MAX_TENSOR = 100
# A network of 20,000 layers with two tensors each, of 100 bytes, has half as much.
MAX_HEADER_BYTES = 8_000_000
MAX_NAME = MAX_PATH + MAX_TENSOR
EXPECTED = "a safetensors file of float32 tensors"
DTYPE = "float32"
ITEM_BYTES = 4


class WeightsCheck:
    """Check of a file that arrives in pieces.

    Attributes:
        entries: the file's tensors, by name; {} until the header is there.
    """

    def __init__(self) -> None:
        self.entries: dict[str, TensorEntry] = {}
        self._head, self._rest, self._at, self._end = b"", b"", 0, 0

    def feed(self, piece: bytes) -> None:
        """Check the next piece. Raises Invalid as soon as the file cannot hold weights."""
        if not self.entries:
            self._head += piece
            piece = self._read_head()
        if self.entries:
            self._check_numbers(piece)

    def end(self) -> None:
        """Check a file that is there as a whole. Raises Invalid."""
        if not self.entries:
            raise refusal(EXPECTED, "an empty body" if not self._head else "one that is cut off")
        if self._at + len(self._rest) != self._end:
            raise refusal(f"{self._end:,} bytes of tensors", f"{self._at + len(self._rest):,}")

    def _read_head(self) -> bytes:
        """Read the header once it is there, and return the bytes behind it."""
        if len(self._head) < LENGTH_BYTES:
            return b""
        size = int.from_bytes(self._head[:LENGTH_BYTES], "little")
        if not 2 <= size <= MAX_HEADER_BYTES:
            begin = shorten(self._head[:LENGTH_BYTES])
            raise refusal(f"{EXPECTED}, with a header of at most {MAX_HEADER_BYTES:,} bytes", begin)
        end = LENGTH_BYTES + size
        if self._head[LENGTH_BYTES : LENGTH_BYTES + 1] not in (b"{", b""):
            raise refusal(f"{EXPECTED}, with a header of JSON", shorten(self._head[:16]))
        if len(self._head) < end:
            return b""
        self._accept(self._head[LENGTH_BYTES:end])
        rest, self._head = self._head[end:], b""
        return rest

    def _accept(self, header: bytes) -> None:
        try:
            entries, _ = parse_header(header)
        except ValueError as error:
            raise refusal(f"{EXPECTED}: {shorten(str(error), 300)}", "another header") from None
        if not entries:
            raise refusal(EXPECTED, "no tensor")
        for name, entry in entries.items():
            if entry.dtype != DTYPE:
                raise refusal(f"tensors of {DTYPE}, as networks are trained here", entry.dtype, shorten(name))
            layer, _, tensor = name.rpartition(SEPARATOR)
            if not layer or not tensor or len(name) > MAX_NAME or not name.isprintable():
                raise refusal(f"names of the form LAYER{SEPARATOR}TENSOR", shorten(name))
        self.entries = entries
        self._end = max(entry.end for entry in entries.values())

    def _check_numbers(self, piece: bytes) -> None:
        """Refuse numbers that are not finite, and more bytes than the header names."""
        piece = self._rest + piece
        whole = len(piece) - len(piece) % ITEM_BYTES
        if self._at + len(piece) > self._end:
            raise refusal(f"{self._end:,} bytes of tensors", "more")
        finite = np.isfinite(np.frombuffer(piece, np.dtype("<f4"), whole // ITEM_BYTES))
        if not finite.all():
            place = self._at + int(finite.argmin()) * ITEM_BYTES
            name = next(name for name, entry in self.entries.items() if entry.begin <= place < entry.end)
            raise refusal("finite numbers: a training that begins with others cannot learn", f"others in {name}")
        self._at, self._rest = self._at + whole, piece[whole:]
