"""The use-cases of samples: what follows from a file is filled in a spec, and the samples are loaded for a training."""

import threading
from typing import Any
from weakref import WeakValueDictionary

from pydantic import ValidationError

from core.blobs import BlobStore
from core.samples import Table, read_table
from core.samples.filling import filled
from core.samples.loading import samples_of
from core.store import ExperimentStore
from gradlab.errors import Invalid, NotFound, Problem
from gradlab.frozen import kind_of
from gradlab.spec.problems import invalid
from gradlab.vocabulary.datasets import Dataset, DatasetSpec
from gradlab.vocabulary.datasets.uploaded import UploadedDataset

KIND = kind_of(UploadedDataset)


def fill_in(spec: Any, *, store: ExperimentStore) -> Any:
    """Return a spec, as JSON's values, with what follows from the uploaded file that it names; others as they are.

    Only the database is read, and no byte of the file.

    Raises:
        Invalid: there is no such dataset, it was refused, it has no such columns, or it cannot be learnt from so.
        Conflict: the dataset is not ready yet.
    """
    fields = spec.get("dataset") if isinstance(spec, dict) else None
    if not isinstance(fields, dict) or fields.get("kind") != KIND:
        return spec
    try:
        dataset = UploadedDataset.model_validate(fields)
    except ValidationError as error:
        refused = invalid(error, fields)
        problems = (Problem(f"dataset.{each.field}", each.expected, each.received) for each in refused.problems)
        raise Invalid(*problems, omitted=refused.omitted) from None
    table = store.datasets.summary(dataset.id)
    validation = store.datasets.summary(dataset.validation, "dataset.validation") if dataset.validation else None
    inputs, outputs = (_names(spec.get("model"), field) for field in ("inputs", "outputs"))
    whole = filled(dataset, table, validation, inputs=inputs, outputs=outputs)
    return spec | {"dataset": whole.model_dump(mode="json")}


def _names(model: Any, field: str) -> tuple[str, ...]:
    """Return the names of a graph's inputs or outputs as a client sent them; () for what its validation will refuse."""
    names = model.get(field) if isinstance(model, dict) else None
    return tuple(names) if isinstance(names, list | tuple) and all(isinstance(name, str) for name in names) else ()


class SampleLoader:
    """Loads the samples of datasets. Threads may share it.

    The samples of an uploaded dataset are held as long as somebody uses them, and loaded once meanwhile. Its stored
    table is a file of this machine, from the blob store or its cache, which is mapped and read where it is used.

    Args:
        store: the store of the datasets' rows.
        blobs: the store of their tables.
    """

    def __init__(self, store: ExperimentStore, blobs: BlobStore) -> None:
        self._store, self._blobs, self._lock = store, blobs, threading.Lock()
        self._held: WeakValueDictionary[DatasetSpec, Dataset] = WeakValueDictionary()

    def __call__(self, dataset: DatasetSpec) -> Dataset:
        """Return the samples of a dataset.

        Raises:
            NotFound: the dataset, or its stored table, has been deleted.
            Unavailable: the database or the storage does not answer.
            Invalid: prepared numbers are not finite, or the samples are not what the spec says of them.
        """
        if not isinstance(dataset, UploadedDataset):
            return dataset.load()
        with self._lock:
            if (held := self._held.get(dataset)) is None:
                tables = {named: self._table(named) for named in dataset.dataset_ids}
                held = samples_of(dataset, tables[dataset.id], tables.get(dataset.validation or ""))
                self._held[dataset] = held
            return held

    def _table(self, named: str) -> Table:
        blob = self._store.datasets.get(named).blob
        if blob is None:
            raise NotFound(f"The dataset {named} is not ready.")
        return read_table(self._blobs.fetch(blob))
