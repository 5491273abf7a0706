"""Requests of uploaded datasets, as a part of the client."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from gradlab import schemas
from gradlab.client.connection import Refused
from gradlab.client.polling import Polling
from gradlab.client.uploading import Uploading
from gradlab.errors import Invalid, Problem

if TYPE_CHECKING:
    from gradlab.profile import Profile


class Datasets(Uploading, Polling):
    """Uploads datasets, lists, profiles and deletes them."""

    def add_dataset(
        self,
        file: Path | str,
        *,
        name: str | None = None,
        wait: bool = True,
        progress: "Callable[[schemas.DatasetResponse], None]" = lambda _: None,
    ) -> "schemas.DatasetResponse":
        """Upload a file of samples, and wait until it is ready or refused.

        The file is sent as it is read. The same bytes are one dataset, however often they are sent.

        Args:
            file: a CSV, Parquet or NPZ file, known by the end of its name.
            name: the dataset's name; the file's by default.
            wait: False to return as soon as the file has been received.
            progress: called with the dataset after each change.

        Raises:
            Invalid: the file cannot be read, or its name ends otherwise.
            Refused: the service refused what is in it.
            Unreachable: the service did not respond.
        """
        path = Path(file)
        response = self._post_file("/datasets", path, _media_type(path), "a file with samples", name)
        uploaded = self._read(schemas.DatasetResponse, response)
        progress(uploaded)
        return self.wait_for_dataset(uploaded.id, progress=progress) if wait else uploaded

    def wait_for_dataset(
        self,
        dataset_id: str,
        *,
        progress: "Callable[[schemas.DatasetResponse], None]" = lambda _: None,
        patience: float = 60.0,
    ) -> "schemas.DatasetResponse":
        """Wait until a dataset is ready.

        Args:
            dataset_id: id of the dataset.
            progress: called with the dataset after each change.
            patience: maximum time without a response of the service, in seconds.

        Raises:
            Refused: the service refused what is in the file.
        """

        def is_over(dataset: "schemas.DatasetResponse") -> bool:
            return dataset.status != "checking"

        dataset = self._wait(schemas.DatasetResponse, f"/datasets/{dataset_id}", is_over, progress, patience)
        if dataset.problem is not None:
            raise Refused(dataset.problem)
        return dataset

    def dataset(self, dataset_id: str) -> "schemas.DatasetResponse":
        """Get a dataset."""
        return self._read(schemas.DatasetResponse, self._request("GET", f"/datasets/{dataset_id}"))

    def datasets(self) -> "Iterator[schemas.DatasetSummaryResponse]":
        """Iterate over datasets, newest first; pages are fetched on demand."""
        for page in self._pages(schemas.DatasetsResponse, "/datasets"):
            yield from page.datasets

    def profile(self, dataset_id: str) -> "Profile":
        """Get what a dataset looks like, how it may be trained on, and what about it breaks trainings."""
        from gradlab.profile import Profile

        response = self._request("GET", f"/datasets/{dataset_id}/profile")
        return Profile.model_validate_json(response.content, strict=False)

    def delete_dataset(self, dataset_id: str) -> None:
        """Delete a dataset that no spec names."""
        self._request("DELETE", f"/datasets/{dataset_id}")


def _media_type(path: Path) -> str:
    from gradlab.schemas.datasets import FileFormat

    try:
        return FileFormat(path.suffix.lower().removeprefix(".")).media_type
    except ValueError as error:
        ends = ", ".join(f".{each}" for each in FileFormat)
        raise Invalid(
            Problem(str(path), f"a file whose name ends with one of {ends}", path.suffix or path.name)
        ) from error
