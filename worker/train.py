"""Train one spec in a process of its own, without a service: `python -m worker.train SPEC --output FILE.npz`.

Standard output has one JSON object a line. The first is {"layout": {"metrics": [...], "series": [{"kind", "columns":
[...], "tensors": [{"layer", "parameter", "shape"}, ...], "every"}, ...]}}. For every run of every chunk follows
{"seed", "epoch", "metrics", "run_ended", "stopped_by", "culprit"}; a metric that is not finite is null. The last one is
{"diagnosis": the fields of `gradlab.diagnosis.summary.DiagnosisSummary`}. The file holds
`seeds` and, for the i-th seed, `metrics_i` (epochs, metrics) and, for each kind of series, `{kind}_i` (recorded epochs,
tensors, columns), all float32. `epochs_metrics_i` and `epochs_{kind}_i` are the epochs of their rows.
"""

import argparse
import json
import math
import sys
from collections import defaultdict
from dataclasses import asdict
from pathlib import Path

import numpy as np

from core.plan.bounds import check_bounds
from core.settings import Settings
from core.training.environment import prepare
from gradlab.diagnosis import diagnose
from gradlab.diagnosis.joining import joined
from gradlab.diagnosis.summary import summary_of
from gradlab.errors import Invalid
from gradlab.facts import of_spec
from gradlab.measurement.history import History, Layout, RunChunk
from gradlab.spec import ExperimentSpec
from gradlab.spec.experiment import parse


def main() -> int:
    """Train the spec. Return the exit status: 0, or 2 if the spec is invalid or the device is absent."""
    arguments = argparse.ArgumentParser(prog="python -m worker.train", description="Train one spec.")
    arguments.add_argument("spec", type=Path)
    arguments.add_argument("--output", type=Path, required=True)
    options, settings = arguments.parse_args(), Settings()
    try:
        spec = parse(options.spec.read_bytes())
        check_bounds(spec, settings)
        prepare(settings.compile_cache, settings.device)
    except Invalid as error:
        print(*error.problems, sep="\n", file=sys.stderr)
        return 2
    _train(spec, options.output, settings.chunk.total_seconds())
    return 0


def _train(spec: ExperimentSpec, output: Path, chunk_seconds: float) -> None:
    from core.training.train import train  # after `prepare`: this loads TensorFlow

    _say(layout=_described(spec.layout))
    parts: dict[int, list[RunChunk]] = defaultdict(list)
    for chunk in train(spec, chunk_seconds=chunk_seconds):
        for run in chunk.runs:
            parts[run.seed].append(run)
            _report(run)
    runs = [joined(spec, parts[seed], of_spec(spec)) for seed in spec.seeds]
    arrays = {f"{name}_{i}": values for i, run in enumerate(runs) for name, values in _named(run.history).items()}
    np.savez(output, seeds=np.array(spec.seeds, np.int64), allow_pickle=False, **arrays)
    _say(diagnosis=asdict(summary_of(diagnose(spec, runs))))


def _described(layout: Layout) -> dict[str, object]:
    """The names along the axes of the arrays; tensors without roles, which their names show."""
    series = [asdict(each) for each in layout.series]
    for each in series:
        each["tensors"] = [{name: of[name] for name in ("layer", "parameter", "shape")} for of in each["tensors"]]
    return {"metrics": layout.metrics, "series": series}


def _named(history: History) -> dict[str, np.ndarray]:
    every_epoch = np.arange(history.first_epoch, history.last_epoch + 1)
    arrays = {"metrics": history.metrics, "epochs_metrics": every_epoch}
    for kind, values in history.series.items():
        arrays |= {kind: values, f"epochs_{kind}": np.array(history.epochs_of(kind), np.int64)}
    return arrays


def _report(run: RunChunk) -> None:
    history = run.history
    last = zip(history.layout.metrics, map(float, history.metrics[-1]), strict=True)
    _say(
        seed=run.seed,
        epoch=history.last_epoch,
        metrics={name: value if math.isfinite(value) else None for name, value in last},
        run_ended=run.run_ended,
        stopped_by=run.stopped_by,
        culprit=asdict(run.culprit) if run.culprit else None,
    )


def _say(**fields: object) -> None:
    print(json.dumps(fields), flush=True)


if __name__ == "__main__":
    sys.exit(main())
