"""People's networks that did not train, diagnosed in this process: by a spec, and by a `model.fit` of one's own.

A case is a problem that somebody reported, with data made up in the same shape and scale. Each has a file of its own,
with what is wrong and what cures it: the right root cause is named, and what is cured is not called ill.
"""

import inspect
from collections.abc import Callable, Sequence
from typing import Any
from unittest.mock import patch

import keras
import numpy as np

from bench.treating import runs_of
from gradlab import Sender
from gradlab.client.outbox import Ended, Epoch
from gradlab.diagnosis import Diagnosis, ExternalRun, Finding, diagnose
from gradlab.keras import GradientStatistics
from gradlab.measurement.history import History, StoppedBy
from gradlab.measurement.statistics import MEAN_GRADIENT_STATISTICS
from gradlab.spec import ExperimentSpec, ExternalSpec

# A fit that is shorter than planned was stopped early; one that lost its finite numbers is taken to have diverged.
EARLY: StoppedBy = "early_stopping"
Model = Callable[..., Any]


def diagnosis_of_spec(spec: ExperimentSpec | dict[str, Any]) -> Diagnosis:
    """Train a spec, and say what is wrong with it."""
    checked = spec if isinstance(spec, ExperimentSpec) else ExperimentSpec.model_validate(spec)
    return diagnose(checked, runs_of(checked))


def diagnosis_of_fit(make: Model, x: Any, y: Any, seeds: Sequence[int] = (0, 1, 2), **fit: Any) -> Diagnosis:
    """The service's diagnosis of a `fit` of one's own that is sent to it.

    Args:
        make: a compiled model, drawn anew for each seed.
        x, y: the training samples.
        seeds: a run each.
        fit: what else `fit` takes.
    """
    return diagnose(*sent_by_fit(make, x, y, seeds, **fit))


def sent_by_fit(
    make: Model, x: Any, y: Any, seeds: Sequence[int] = (0, 1, 2), **fit: Any
) -> tuple[ExternalSpec, list[ExternalRun]]:
    """A `fit` of one's own as it reaches the service and would be stored: its spec and its runs."""
    with patch("gradlab.client.sender.Outbox", Received), Sender(seeds=seeds) as sender:
        for seed in seeds:
            keras.utils.set_random_seed(seed)
            make().fit(x, y, verbose=0, callbacks=[GradientStatistics(listener=sender)], **fit)
    received: Any = sender._outbox
    assert not received.troubles, received.troubles
    return received.spec, [received.run(seed) for seed in seeds]


def rules(diagnosis: Diagnosis) -> dict[str, Finding]:
    """The findings by the names of their rules."""
    return {finding.rule: finding for finding in diagnosis.findings}


class Received:
    """Takes a sender's parts as the service takes them, in place of what sends them over HTTP."""

    def __init__(self, client: Any, *_: Any, **__: Any) -> None:
        client.close()
        self.stop: Callable[[], None] = lambda: None
        self.experiment_id, self.was_cancelled, self.unsent = None, False, 0
        self.spec: ExternalSpec | None = None
        self.troubles: list[str] = []
        self._epochs: dict[int, list[Epoch]] = {}

    def open(self, spec: ExternalSpec) -> None:
        """Keep the spec, as it comes out of the JSON in which it travels."""
        self.spec = ExternalSpec.model_validate_json(spec.canonical())

    def put(self, part: Epoch | Ended, *, wait: bool = False) -> None:
        """Keep an epoch."""
        if isinstance(part, Epoch):
            self._epochs.setdefault(part.seed, []).append(part)

    def give_up(self, why: str) -> None:
        """Note why nothing is sent."""
        self.troubles.append(why)

    def wait(self, patience: float, *, also_while_away: bool) -> None:
        """Nothing is ever away."""

    def close(self, patience: float) -> None:
        """Nothing is open."""

    def trouble(self) -> str | None:
        """Troubles are looked at in the end."""
        return None

    def run(self, seed: int) -> ExternalRun:
        """A seed's run, with the layout of the spec."""
        assert self.spec is not None
        parts, layout = self._epochs[seed], self.spec.layout
        metrics = np.stack([part.metrics for part in parts])
        gradients = np.full((len(parts), *layout["gradients"].shape), np.nan, np.float32)
        sent = np.stack([part.gradients for part in parts])
        gradients[:, :, : sent.shape[-1]] = sent  # the callback sends no statistic of the union of batches
        history = History(layout, parts[0].epoch, metrics, {"gradients": gradients})
        lost = not np.isfinite(metrics[-1, layout.metrics.index("loss")])
        stopped: StoppedBy | None = "nonfinite" if lost else EARLY if len(parts) < self.spec.epochs else None
        return ExternalRun(self.spec, seed, history, stopped)


def sent_gradients(run: ExternalRun) -> np.ndarray:
    """The gradients that were sent: (epochs, tensors, statistics), without the statistic of the union of batches."""
    return np.asarray(run.history.series["gradients"][:, :, : len(MEAN_GRADIENT_STATISTICS)])


def missing_methods() -> set[str]:
    """Methods of the real outbox that `Received` lacks: must be empty, else a case sends otherwise than people do."""
    from gradlab.client.outbox import Outbox

    public = {name for name, _ in inspect.getmembers(Outbox) if not name.startswith("_")}
    return public - {name for name in dir(Received) if not name.startswith("_")} - {"unsent"}
