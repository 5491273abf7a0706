"""Export of a run's network as a `.keras` file, written without Keras: a zip archive of architecture and weights.

The format is Keras's own (https://keras.io/guides/serialization_and_saving/): `config.json`, `metadata.json` and
`model.weights.h5`. Keras generates `config.json` in the worker; this module assembles the archive. The network is not
compiled: loss and optimiser are in the experiment's spec.
"""

import io
import json
from collections.abc import Iterator
from datetime import datetime

import h5py

from gradlab.errors import NotFound
from gradlab.measurement.history import Architecture, Snapshot

# Keras registers custom objects under this name. Networks have one for each activation with parameters.
CUSTOM_OBJECT = '"registered_name": "gradient_lab>'


def keras_file(architecture: Architecture, snapshot: Snapshot, at: datetime) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Iterate over the files of the archive: their names, and their contents.

    Args:
        architecture: the architecture of the network.
        snapshot: the values of its variables.
        at: the time of writing that the metadata state.

    Raises:
        NotFound: the network has a custom object, which plain Keras cannot load.
    """
    if CUSTOM_OBJECT in architecture.config:
        kind = architecture.config.partition(CUSTOM_OBJECT)[2].partition('"')[0]
        raise NotFound(
            f"There is no .keras file of this network: its activation {kind} has parameters, and Keras cannot load it "
            "without the code of Gradient Lab."
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
