"""HTTP/1.1 with a bound on how small the chunks of a body may be."""

from typing import Any

import h11

# h11 takes some 15 µs for a chunk of a body, whatever is in it: so many may be of any size, all together must have so
# many bytes on average.
FREE_CHUNKS, MIN_CHUNK_BYTES = 1000, 16


class ChunkCounter(h11.Connection):
    """A connection's state, which counts the chunks of each body.

    Attributes:
        complaint: what was wrong with what came; empty where nothing was.
        status: what that is answered with.
    """

    complaint, status = "", 400
    _chunks = _bytes = 0

    def next_event(self) -> Any:
        """The next event. Raises RemoteProtocolError where a body comes in too many chunks that are too small."""
        try:
            event = super().next_event()
        except h11.RemoteProtocolError as error:
            self.complaint, self.status = f"this is no request in HTTP/1.1: {error}", error.error_status_hint
            raise
        if isinstance(event, h11.Request):
            self._chunks = self._bytes = 0
        elif isinstance(event, h11.Data):
            self._chunks += event.chunk_start
            self._bytes += len(event.data)
            if self._chunks > FREE_CHUNKS and self._bytes < MIN_CHUNK_BYTES * self._chunks:
                self.complaint = f"the body comes in chunks of less than {MIN_CHUNK_BYTES} bytes: send larger ones"
                raise h11.RemoteProtocolError(self.complaint)
        return event
