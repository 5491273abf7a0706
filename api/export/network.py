"""A run's network as a `.keras` file, without Keras: a zip archive of its form, its numbers and who wrote it.

The format is Keras's own (https://keras.io/guides/serialization_and_saving/): `config.json`, `metadata.json` and
`model.weights.h5`. The form comes from Keras in the worker; put together is it here. The network is not compiled: loss
and optimiser are in the experiment's spec.
"""

import io
import json
from collections.abc import Iterator
from datetime import datetime

import h5py

from gradlab.errors import NotFound
from gradlab.measurement.history import Architecture, Snapshot

# Under these names Keras registers what is not its own: it stands for an activation with parameters.
OURS = '"registered_name": "gradient_lab>'


def keras_file(architecture: Architecture, snapshot: Snapshot, at: datetime) -> Iterator[tuple[str, Iterator[bytes]]]:
    """The files of the archive: their names, and their contents.

    Args:
        architecture: the form.
        snapshot: the numbers.
        at: what is said to be the time of writing.

    Raises:
        NotFound: the form is one that plain Keras does not know.
    """
    if OURS in architecture.config:
        kind = architecture.config.partition(OURS)[2].partition('"')[0]
        raise NotFound(
            f"There is no .keras file of this network: its activation {kind} has parameters, and such a one Keras can "
            "only load together with code of ours."
        )
    metadata = {"keras_version": architecture.keras_version, "date_saved": f"{at:%Y-%m-%d@%H:%M:%S}"}
    files = {
        "metadata.json": json.dumps(metadata).encode(),
        "config.json": architecture.config.encode(),
        "model.weights.h5": _weights(architecture, snapshot),
    }
    return ((name, iter([content])) for name, content in files.items())


def _weights(architecture: Architecture, snapshot: Snapshot) -> bytes:
    file = io.BytesIO()
    with h5py.File(file, "w") as weights:
        for variable, value in zip(architecture.variables, snapshot.values, strict=True):
            if variable.path is not None:
                weights.create_dataset(variable.path, data=value)
    return file.getvalue()
