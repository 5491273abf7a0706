"""What is written down at an epoch's end."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf
from keras import ops

from core.history import Layout
from core.spec.side_by_side import PROBE_SAMPLES
from core.statistics import GRADIENT_STATISTIC_NAMES
from core.training import measure
from core.training.namespace import xp
from core.training.probe import Probe
from core.training.stack import Stack
from core.training.task import Task

FLOWS = ("activations", "signals", "time_signals")


class Recorder:
    """Measures the networks of a stack, as far as the layout asks for it."""

    def __init__(self, layout: Layout, stack: Stack, task: Task) -> None:
        steps = len(layout["time_signals"].columns) if "time_signals" in layout else 0
        self._layout, self._stack = layout, stack
        self._probe = Probe(stack, task, steps)

    def series(self, number: Any, sums: dict[str, Any], before: list[Any], x: Any, y: Any) -> dict[str, Any]:
        """Kind -> (seeds, tensors, columns) of everything that is recorded in an epoch.

        Args:
            number: of the epoch; a kind that it does not record is zeros, which nobody keeps.
            sums: what `Update.epoch` gathered, as means over the batches.
            before: the weights at the epoch's beginning.
            x, y: the training samples in their own order: the first of them are the probe batch.
        """
        found = {kind: sums[kind] for kind in ("gradients", "gradient_histograms") if kind in self._layout}
        found |= self._due(number, ("weights",), lambda: (measure.weights(self._stack.values(), before),))
        found |= self._due(number, ("weight_histograms",), lambda: (measure.histograms(self._stack.values()),))
        flows = tuple(kind for kind in FLOWS if kind in self._layout)
        return found | self._due(number, flows, lambda: self._flows(flows, x, y))

    def gradients(self, x: Any, y: Any) -> dict[str, Any]:
        """The same for what is said of gradients, of the samples' mean loss at the weights as they are."""
        kinds = {"gradients": measure.gradients, "gradient_histograms": measure.histograms}
        wanted = {kind: look for kind, look in kinds.items() if kind in self._layout}
        gradients = self._probe.gradients(x, y) if wanted else []
        return {kind: look(gradients) for kind, look in wanted.items()}

    def histograms_due(self, number: Any) -> Any:
        """Whether the gradients' histogram is wanted in an epoch: a truth value, perhaps a traced one."""
        if "gradient_histograms" not in self._layout:
            return False
        every = self._layout["gradient_histograms"].every
        return every == 1 or number % every == 0

    @staticmethod
    def norm(gradients: Any) -> Any:
        """The norm of all gradients together, (seeds,), from their statistics; 0 where there is no gradient."""
        norms = gradients[..., GRADIENT_STATISTIC_NAMES.index("l2")]
        return xp.sqrt(ops.sum(ops.square(ops.where(xp.isnan(norms), 0.0, norms)), axis=1))

    def _flows(self, kinds: tuple[str, ...], x: Any, y: Any) -> tuple[Any, ...]:
        samples = min(x.shape[0], PROBE_SAMPLES)
        named = dict(zip(FLOWS, self._probe.flows(x[:samples], y[:samples]), strict=True))
        return tuple(named[kind] for kind in kinds)

    def _due(self, number: Any, kinds: tuple[str, ...], compute: Callable[[], tuple[Any, ...]]) -> dict[str, Any]:
        """What `compute` answers, in the epochs that record any of `kinds`."""
        kinds = tuple(kind for kind in kinds if kind in self._layout)
        if not kinds:
            return {}
        every = {self._layout[kind].every for kind in kinds}
        if 1 in every:
            return dict(zip(kinds, compute(), strict=True))
        due = ops.any(ops.stack([number % each == 0 for each in every]))
        nothing = tuple(tf.zeros((self._stack.width, *self._layout[kind].shape)) for kind in kinds)
        return dict(zip(kinds, tf.cond(due, compute, lambda: nothing), strict=True))
