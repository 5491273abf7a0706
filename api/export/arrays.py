"""Export of an experiment as named arrays, bit for bit: an NPZ archive without pickles.

For the i-th seed `metrics_i` is (epochs, metrics), and each kind of series `{kind}_i` is (epochs, tensors, columns).
All are float32. `epochs_metrics_i` and `epochs_{kind}_i` are the epochs of their rows.
`gradlab train --save` writes the same arrays.

The names along the axes are `names_metrics`, and `layers_{kind}`, `parameters_{kind}` and `columns_{kind}`. `edges` are
the edges of the histograms' bins. The columns of a boundary are the points of the grid that `x_boundary` and
`y_boundary` span, row by row.
"""

import io
from collections.abc import Iterator

import numpy as np

from api.export.source import Source
from api.series.boundary import axes, dataset_of
from core.store import METRICS
from gradlab.measurement.kinds import names_from
from gradlab.measurement.statistics import EDGES


def arrays(source: Source) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Iterate over the files of the archive: their names, and their contents in pieces."""
    for name, values in _arrays(source):
        yield f"{name}.npy", iter([_npy(values)])


def _arrays(source: Source) -> Iterator[tuple[str, np.ndarray]]:
    yield "seeds", np.array([run.seed for run in source.runs], np.int64)
    yield "edges", EDGES
    if METRICS in source.kinds:
        yield f"names_{METRICS}", np.array(source.layout.metrics, np.str_)
    for series in source.series():
        yield f"layers_{series.kind}", np.array([tensor.layer for tensor in series.tensors], np.str_)
        yield f"parameters_{series.kind}", np.array([tensor.parameter for tensor in series.tensors], np.str_)
        yield f"columns_{series.kind}", np.array(series.columns, np.str_)
        if series.kind in names_from("plane"):
            yield from zip(("x_boundary", "y_boundary"), axes(dataset_of(source.experiment), source.load), strict=True)
    for i, run in enumerate(source.runs):
        for kind in source.kinds:
            rows = source.rows(run, kind)
            yield f"epochs_{kind}_{i}", rows.epochs
            yield f"{kind}_{i}", rows.values


def _npy(values: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array(file, values, allow_pickle=False)
    return file.getvalue()
