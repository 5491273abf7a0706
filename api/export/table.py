"""An experiment as one tidy table, a number a row: a Parquet file.

Its columns are `seed`, `epoch`, `kind`, `layer`, `parameter`, `statistic` and `value`. Of a metric the kind is
``metrics``, the statistic its name, layer and parameter are null; of a recurrent layer's signal the statistic is
``step_1``, ``step_2`` ..., of a histogram ``bin_0``, ``bin_1`` ...: a count, of a boundary ``point_0``, ``point_1``:
an output at a point of the grid, row by row. The file's metadata hold the experiment's id, its spec, the edges of the
bins, and the axes of the grid.
"""

import json
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from api.export.source import METRICS, Source, in_blocks
from api.http.outflow import Outflow
from api.series.boundary import axes, dataset_of
from core.records import Rows
from gradlab.measurement.history import SeriesLayout, Tensor
from gradlab.measurement.kinds import KINDS, names_from
from gradlab.measurement.statistics import EDGES

NAME = pa.dictionary(pa.int32(), pa.string())
FIELDS = [
    ("seed", pa.int64()),
    ("epoch", pa.int32()),
    ("kind", NAME),
    ("layer", NAME),
    ("parameter", NAME),
    ("statistic", NAME),
    ("value", pa.float32()),
]
# A kind that this version does not know, recorded by a later one, is exported by the names that it has.
PREFIXES = {kind.name: kind.column_prefix for kind in KINDS}
PADDED = {kind.name for kind in KINDS if kind.is_padded}
# Rows of a row group at most: about what is held in memory at a time.
BLOCK = 1_000_000


def table(source: Source) -> Iterator[bytes]:
    """The file, piece by piece."""
    about = {
        "experiment_id": str(source.experiment.id),
        "spec": source.experiment.spec.canonical(),
        "bin_edges": json.dumps(EDGES.tolist()),
    }
    if any(kind in source.kinds for kind in names_from("plane")):
        x, y = axes(dataset_of(source.experiment))
        about |= {"boundary_x": json.dumps(x.tolist()), "boundary_y": json.dumps(y.tolist())}
    schema, out = pa.schema(FIELDS, metadata=about), Outflow()
    with parquet.ParquetWriter(out, schema, compression="zstd") as file:
        for run in source.runs:
            for kind in source.kinds:
                names = _names(source.layout.metrics) if kind == METRICS else _columns(source.layout[kind])
                for block in in_blocks(source.rows(run, kind), BLOCK):
                    file.write_table(pa.table(_filled(run.seed, kind, names, block), schema))
                    yield out.take()
    yield out.take()


# (layer, parameter, statistic) of each number of an epoch, and where it stands among them.
Names = tuple[list[tuple[str | None, str | None, str]], np.ndarray]


def _names(metrics: tuple[str, ...]) -> Names:
    return [(None, None, name) for name in metrics], np.arange(len(metrics))


def _columns(series: SeriesLayout) -> Names:
    beginning = PREFIXES.get(series.kind, "")
    named = [
        (i * len(series.columns) + j, (tensor.layer, tensor.parameter, f"{beginning}{column}"))
        for i, tensor in enumerate(series.tensors)
        for j, column in enumerate(series.columns)
        if _exists(series.kind, tensor, j)
    ]
    return [names for _, names in named], np.array([place for place, _ in named], np.int64)


def _exists(kind: str, tensor: Tensor, column: int) -> bool:
    """A recurrent layer's row is as long as the longest one's: what lies behind its last step is padding."""
    return kind not in PADDED or column < tensor.shape[0]


def _filled(seed: int, kind: str, names: Names, rows: Rows) -> dict[str, pa.Array]:
    named, places = names
    epochs = len(rows.epochs)
    layers, parameters, statistics = zip(*named, strict=True) if named else ((), (), ())
    columns = {"layer": layers, "parameter": parameters, "statistic": statistics}
    return {
        "seed": pa.array(np.full(epochs * len(named), seed, np.int64)),
        "epoch": pa.array(np.repeat(rows.epochs.astype(np.int32), len(named))),
        "kind": _repeated((kind,), epochs * len(named)),
        **{name: _repeated(values, epochs) for name, values in columns.items()},
        "value": pa.array(rows.values.reshape(epochs, -1)[:, places].reshape(-1)),
    }


def _repeated(names: tuple[str | None, ...], times: int) -> pa.Array:
    """The names, so many times over, as a dictionary and the places in it."""
    known = list(dict.fromkeys(name for name in names if name is not None))
    codes = [None if name is None else known.index(name) for name in names]
    holes = np.tile(np.array([code is None for code in codes], bool), times)
    places = np.tile(np.array([code or 0 for code in codes], np.int32), times)
    return pa.DictionaryArray.from_arrays(pa.array(places, mask=holes), pa.array(known, pa.string()))
