"""Export of an experiment as a TensorBoard log directory: a folder for each seed, with an event file.

Histograms have the names that Keras's callback gave them in TensorFlow 1 with `write_grads=True`: ``dense_1/kernel_0``
for weights, ``dense_1/kernel_0_grad`` for their gradients. Scalars are named kind/statistic/layer/parameter; metrics
have their own names. Boundaries and signals per time step are left out, because TensorBoard cannot show them.

A step is an epoch. The times of epochs are not recorded: every event has the time at which the training began.
"""

import re
from collections.abc import Iterator

import numpy as np

from api.export import events
from api.export.records import framed
from api.export.source import Source, in_blocks
from core.records import RunRecord
from core.store import METRICS
from gradlab.measurement.history import SeriesLayout, Tensor
from gradlab.measurement.kinds import KINDS, STATISTICS
from gradlab.measurement.rows import Rows
from gradlab.measurement.statistics import EDGES

TAGS = {kind.name: kind.tag for kind in KINDS if kind.tag is not None}
# Numbers encoded at a time. Each takes about fifty bytes.
BLOCK = 100_000
# TensorBoard cannot draw unbounded buckets: the outermost ones are half a decade wide, like all others.
HALF_DECADE = 10**0.5
LEFT = np.concatenate([[EDGES[0] * HALF_DECADE], EDGES]).astype(np.float32)
RIGHT = np.concatenate([EDGES, [EDGES[-1] * HALF_DECADE]]).astype(np.float32)


def log_directory(source: Source) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Iterate over the files: their names, and their contents in pieces."""
    experiment, second = source.experiment, int(source.began.timestamp())
    slug = re.sub(r"[^a-z0-9]+", "-", experiment.spec.name.lower()).strip("-")[:60] or "experiment"
    for run in source.runs:
        folder = f"{slug}-{str(experiment.id)[:8]}/seed_{run.seed}"
        yield f"{folder}/events.out.tfevents.{second}.gradlab", _event_file(source, run)


def _event_file(source: Source, run: RunRecord) -> Iterator[bytes]:
    wall_time = source.began.timestamp()
    yield framed([events.version(wall_time)])
    if METRICS in source.kinds:
        yield from _scalars(source.rows(run, METRICS), source.layout.metrics, wall_time)
    for series in source.series():
        if series.kind in STATISTICS:
            rows = source.rows(run, series.kind)
            for column, statistic in enumerate(series.columns):
                tags = [f"{series.kind}/{statistic}/{tensor.layer}/{tensor.parameter}" for tensor in series.tensors]
                yield from _scalars(Rows(rows.epochs, rows.values[:, :, column]), tags, wall_time)
        elif series.kind in TAGS:
            yield from _histograms(source.rows(run, series.kind), series, wall_time)


def _scalars(rows: Rows, tags: tuple[str, ...] | list[str], wall_time: float) -> Iterator[bytes]:
    """Encode rows of (epochs, tags) as scalars."""
    for block in in_blocks(rows, BLOCK):
        summaries = zip(block.epochs.tolist(), events.scalars(tags, block.values), strict=True)
        yield framed([events.event(wall_time, epoch, summary) for epoch, summary in summaries])


def _histograms(rows: Rows, series: SeriesLayout, wall_time: float) -> Iterator[bytes]:
    """Encode rows of (epochs, tensors, bins) as histograms."""
    tags = [histogram_tag(series.kind, tensor) for tensor in series.tensors]
    for block in in_blocks(rows, BLOCK):
        yield framed(
            [
                events.event(wall_time, epoch, events.histogram(tag, buckets(counts)))
                for epoch, by_tensor in zip(block.epochs.tolist(), block.values, strict=True)
                for tag, counts in zip(tags, by_tensor, strict=True)
            ]
        )


def histogram_tag(kind: str, tensor: Tensor) -> str:
    """Name of a histogram in TensorBoard."""
    return f"{tensor.layer}/{tensor.parameter}{TAGS[kind]}"


def buckets(counts: np.ndarray) -> np.ndarray:
    """Convert counts, (bins,), to (buckets, 3) of left, right, count: from the first to the last bin with entries."""
    (filled,) = np.nonzero(counts)
    span = slice(filled[0], filled[-1] + 1) if len(filled) else slice(0)
    return np.stack([LEFT[span], RIGHT[span], counts[span]], axis=1)
