"""Train one spec in a process of its own, without a service: `python -m worker.train SPEC --output FILE.npz`.

On standard output, one JSON object a line: first {"layout": {"metrics": [...], "tensors": [[layer, parameter,
shape], ...], "statistics": [...]}}, then for every chunk {"seed", "epoch", "metrics", "run_ended", "stopped_by"},
where a metric that is not finite is null. The file holds `seeds` and, for the i-th seed, `metrics_i` (epochs,
metrics) and `gradients_i` (epochs, tensors, statistics), all float32.
"""

import argparse
import json
import math
import sys
from dataclasses import astuple
from pathlib import Path

import numpy as np

from core.errors import Invalid
from core.settings import Settings
from core.spec import ExperimentSpec
from core.spec.estimate import check_bounds
from core.spec.experiment import parse
from core.training.environment import prepare


def main() -> int:
    """Exit status 0 when trained, 2 when the spec is invalid."""
    arguments = argparse.ArgumentParser(prog="python -m worker.train", description="Train one spec.")
    arguments.add_argument("spec", type=Path)
    arguments.add_argument("--output", type=Path, required=True)
    options, settings = arguments.parse_args(), Settings()
    try:
        spec = parse(options.spec.read_bytes())
        check_bounds(spec, settings)
    except Invalid as error:
        print(*error.problems, sep="\n", file=sys.stderr)
        return 2
    prepare(settings.compile_cache)
    _train(spec, options.output, settings.chunk.total_seconds())
    return 0


def _train(spec: ExperimentSpec, output: Path, chunk_seconds: float) -> None:
    from core.training.train import train  # after `prepare`: this loads TensorFlow

    layout = spec.layout
    _say(layout={**vars(layout), "tensors": [astuple(tensor) for tensor in layout.tensors]})
    metrics: dict[int, list[np.ndarray]] = {seed: [] for seed in spec.seeds}
    gradients: dict[int, list[np.ndarray]] = {seed: [] for seed in spec.seeds}
    for chunk in train(spec, chunk_seconds=chunk_seconds):
        metrics[chunk.seed].append(chunk.history.metrics)
        gradients[chunk.seed].append(chunk.history.gradients)
        *_, last = chunk.history
        finite = {name: value if math.isfinite(value) else None for name, value in last.metrics.items()}
        _say(seed=chunk.seed, epoch=last.epoch, metrics=finite, run_ended=chunk.run_ended, stopped_by=chunk.stopped_by)
    arrays = {f"metrics_{i}": np.concatenate(metrics[seed]) for i, seed in enumerate(spec.seeds)}
    arrays |= {f"gradients_{i}": np.concatenate(gradients[seed]) for i, seed in enumerate(spec.seeds)}
    np.savez(output, seeds=np.array(spec.seeds, np.int64), allow_pickle=False, **arrays)


def _say(**fields: object) -> None:
    print(json.dumps(fields), flush=True)


if __name__ == "__main__":
    sys.exit(main())
