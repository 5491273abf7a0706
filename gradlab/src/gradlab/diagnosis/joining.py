"""Runs made of the chunks that a training yields."""

from collections.abc import Sequence

import numpy as np

from gradlab.diagnosis.evidence import Run
from gradlab.facts import Facts
from gradlab.measurement.history import History, RunChunk
from gradlab.spec import ExperimentSpec


def joined(spec: ExperimentSpec, chunks: Sequence[RunChunk], facts: Facts) -> Run:
    """Return the chunks of one run, which follow each other, as a whole run."""
    first, last = chunks[0].history, chunks[-1]
    histories = [chunk.history for chunk in chunks]
    series = {kind: np.concatenate([each.series[kind] for each in histories]) for kind in first.series}
    history = History(first.layout, first.first_epoch, np.concatenate([each.metrics for each in histories]), series)
    return Run(spec, last.seed, history, last.stopped_by, last.culprit, facts)
