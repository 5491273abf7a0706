"""HTTP/1.1 parser with a lower bound on the size of chunks."""

from typing import Any

import h11

# h11 takes 15 µs for a chunk, whatever its size. FREE_CHUNKS may have any size; with more of them, their average must
# reach MIN_CHUNK_BYTES.
FREE_CHUNKS, MIN_CHUNK_BYTES = 1000, 16


class ChunkCounter(h11.Connection):
    """Protocol state of a connection, which counts the chunks of each body.

    Attributes:
        complaint: the protocol error; empty if there was none.
        status: the status of the response to it.
    """

    complaint, status = "", 400
    _chunks = _bytes = 0

    def next_event(self) -> Any:
        """Return the next event.

        Raises:
            RemoteProtocolError: the request is malformed, or its body has too many small chunks.
        """
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
