"""Export of an experiment as one tidy table in a Parquet file, one number a row.

The columns are `seed`, `epoch`, `kind`, `layer`, `parameter`, `statistic` and `value`. They hold:

* for a metric: the kind ``metrics``, no layer, no parameter, and its name as the statistic;
* for signals per time step: the statistics ``step_1``, ``step_2``, ...;
* for a histogram: the statistics ``bin_0``, ``bin_1``, ..., and counts as values;
* for a boundary: the statistics ``point_0``, ``point_1``, ..., and as values the outputs at the points of the grid, row
  by row.

The file's metadata hold the experiment's id, its spec, the edges of the bins, and the axes of the grid.
"""

import json
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from api.export.source import Source, in_blocks
from api.http.outflow import Outflow
from api.series.boundary import axes, dataset_of
from core.store import METRICS
from gradlab.measurement.history import SeriesLayout, Tensor
from gradlab.measurement.kinds import KINDS, names_from
from gradlab.measurement.rows import Rows
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
# Kinds that a later version has recorded have no prefix here, and are exported under their column names.
PREFIXES = {kind.name: kind.column_prefix for kind in KINDS}
PADDED = {kind.name for kind in KINDS if kind.is_padded}
# Maximum number of rows of a row group, which is held in memory.
BLOCK = 1_000_000


def table(source: Source) -> Iterator[bytes]:
    """Write the file piece by piece."""
    metadata = {
        "experiment_id": str(source.experiment.id),
        "spec": source.experiment.spec.canonical(),
        "bin_edges": json.dumps(EDGES.tolist()),
    }
    if any(kind in source.kinds for kind in names_from("plane")):
        x, y = axes(dataset_of(source.experiment), source.load)
        metadata |= {"boundary_x": json.dumps(x.tolist()), "boundary_y": json.dumps(y.tolist())}
    schema, out = pa.schema(FIELDS, metadata=metadata), Outflow()
    with parquet.ParquetWriter(out, schema, compression="zstd") as file:
        for run in source.runs:
            for kind in source.kinds:
                names = _names(source.layout.metrics) if kind == METRICS else _columns(source.layout[kind])
                for block in in_blocks(source.rows(run, kind), BLOCK):
                    file.write_table(pa.table(_filled(run.seed, kind, names, block), schema))
                    yield out.take()
    yield out.take()


# (layer, parameter, statistic) of each exported number of an epoch, and its index in the flattened epoch.
Names = tuple[list[tuple[str | None, str | None, str]], np.ndarray]


def _names(metrics: tuple[str, ...]) -> Names:
    return [(None, None, name) for name in metrics], np.arange(len(metrics))


def _columns(series: SeriesLayout) -> Names:
    prefix = PREFIXES.get(series.kind, "")
    named = [
        (i * len(series.columns) + j, (tensor.layer, tensor.parameter, f"{prefix}{column}"))
        for i, tensor in enumerate(series.tensors)
        for j, column in enumerate(series.columns)
        if _exists(series.kind, tensor, j)
    ]
    return [names for _, names in named], np.array([index for index, _ in named], np.int64)


def _exists(kind: str, tensor: Tensor, column: int) -> bool:
    """False for padding: rows of all recurrent layers are as long as the longest one's."""
    return kind not in PADDED or column < tensor.shape[0]


def _filled(seed: int, kind: str, names: Names, rows: Rows) -> dict[str, pa.Array]:
    named, indices = names
    epochs = len(rows.epochs)
    layers, parameters, statistics = zip(*named, strict=True) if named else ((), (), ())
    columns = {"layer": layers, "parameter": parameters, "statistic": statistics}
    return {
        "seed": pa.array(np.full(epochs * len(named), seed, np.int64)),
        "epoch": pa.array(np.repeat(rows.epochs.astype(np.int32), len(named))),
        "kind": _repeated((kind,), epochs * len(named)),
        **{name: _repeated(values, epochs) for name, values in columns.items()},
        "value": pa.array(rows.values.reshape(epochs, -1)[:, indices].reshape(-1)),
    }


def _repeated(names: tuple[str | None, ...], times: int) -> pa.Array:
    """Repeat names as a dictionary array: the distinct names, and the index of each."""
    distinct = list(dict.fromkeys(name for name in names if name is not None))
    codes = [None if name is None else distinct.index(name) for name in names]
    nulls = np.tile(np.array([code is None for code in codes], bool), times)
    indices = np.tile(np.array([code or 0 for code in codes], np.int32), times)
    return pa.DictionaryArray.from_arrays(pa.array(indices, mask=nulls), pa.array(distinct, pa.string()))
