"""Requests of initial weights, as a part of the client."""

from collections.abc import Iterator
from pathlib import Path

from gradlab import schemas
from gradlab.client.uploading import Uploading
from gradlab.schemas.media_types import SAFETENSORS


class Starting(Uploading):
    """Uploads initial weights, lists, downloads and deletes them."""

    def add_weights(self, file: Path | str, *, name: str | None = None) -> "schemas.WeightsResponse":
        """Upload the weights of a network. The same bytes are the same weights, however often they are sent.

        Args:
            file: a safetensors file of float32 tensors, named `LAYER/TENSOR` by the layers of the spec. For a live
                model `gradlab.keras.save_weights` writes it.
            name: their name; the file's by default.

        Raises:
            Invalid: the file cannot be read.
            Refused: the service refused what is in it.
            Unreachable: the service did not respond.
        """
        response = self._post_file("/weights", Path(file), SAFETENSORS, "a file with weights", name)
        return self._read(schemas.WeightsResponse, response)

    def uploaded_weights(self, weights_id: str) -> "schemas.WeightsResponse":
        """Get the names and shapes of uploaded weights."""
        return self._read(schemas.WeightsResponse, self._request("GET", f"/weights/{weights_id}"))

    def list_weights(self) -> "Iterator[schemas.WeightsSummaryResponse]":
        """Iterate over uploaded weights, newest first; pages are fetched on demand."""
        for page in self._pages(schemas.WeightsListResponse, "/weights"):
            yield from page.weights

    def weights_file(self, weights_id: str) -> bytes:
        """Get the file of uploaded weights, as it was sent."""
        content: bytes = self._request("GET", f"/weights/{weights_id}/file").content
        return content

    def delete_weights(self, weights_id: str) -> None:
        """Delete uploaded weights that no spec names."""
        self._request("DELETE", f"/weights/{weights_id}")
