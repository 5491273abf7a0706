"""Session: what a Watch measures of one training of a PyTorch model, record by record."""

from collections.abc import Callable, Mapping, Sequence, Set
from functools import partial
from typing import Any

import torch
from torch import nn

from gradlab.facts.wiring import MAX_FIRST_STEPS
from gradlab.measurement.history import SeriesLayout
from gradlab.spec.recording import PROBE_SAMPLES
from gradlab.torch import measure
from gradlab.torch.evaluation import Evaluation
from gradlab.torch.first_batches import FirstBatches
from gradlab.torch.gradient_rows import GradientRows
from gradlab.torch.later_probes import LaterProbes
from gradlab.torch.loss_calls import LossCalls
from gradlab.torch.measure import FlatLayout
from gradlab.torch.naming import device_of, named_parameters
from gradlab.torch.observed_loss import ObservedLoss
from gradlab.torch.pending import BATCHES, Kept, Measurements, Tensors
from gradlab.torch.probe import Probed, probe
from gradlab.torch.samples import Samples
from gradlab.torch.scaling import LossScale
from gradlab.torch.tap import GradientTap
from gradlab.watch.pending import GRADIENTS, MAX_ENTRIES, PROBES, WEIGHTS

# What may fail while the training goes on, in the words of the warning.
EVALUATION = "loss and metrics of `data` and `validation_data` are not recorded any more"
# The series for which a record's end keeps the weights.
WEIGHT_KINDS = frozenset({"weights", "weight_histograms"})
# Records that must fit into memory for their probes to run later: of fewer, little is gained.
MIN_LATER = 8
Attempt = Callable[..., Any]


class Session:
    """The measurements of one training. They stay on the device until a record ends.

    Args:
        model: the unwrapped model.
        called: the model as the loop calls it.
        loss: the training's loss; None if the model's output has one.
        optimizers: what updates the model.
        scaler: the training's `GradScaler`; None if unknown.
        samples, validation: the samples; None if they are unknown.
        attempt: runs a function of a part; if it raises, warns once and returns None from then on.
        before_step, after_step: are called before and after each step.

    Attributes:
        observes_moves: False once it is known of every tensor that its values change.
    """

    def __init__(
        self,
        model: nn.Module,
        called: Any,
        loss: Any,
        optimizers: Sequence[torch.optim.Optimizer],
        *,
        scaler: Any,
        samples: Samples | None,
        validation: Samples | None,
        attempt: Attempt,
        before_step: Callable[[], None],
        after_step: Callable[[], None],
    ) -> None:
        self.model, self._called, self._loss = model, called, loss
        self.samples, self.validation, self._attempt = samples, validation, attempt
        self.parameters = named_parameters(model)
        self.layout = FlatLayout([each.value.shape for each in self.parameters])
        device, dtype = device_of(self.parameters), _precision([each.value.dtype for each in self.parameters])
        self.device = device
        self.rows, self.scale = GradientRows(self.layout, device, dtype), LossScale(scaler)
        self.first = FirstBatches(model, loss)
        self.evaluation = Evaluation(model, loss, self.parameters)
        self._calls = LossCalls(loss, self.first, self.evaluation, attempt)
        self._probed_entries = 0  # the numbers that a probe has read
        self._later = LaterProbes(model, loss, self.parameters, self.layout, self.owners)
        self._observed_loss = ObservedLoss(loss, self._calls.see) if isinstance(loss, nn.Module) else None
        self._like = torch.zeros((), dtype=dtype, device=device)
        self._earlier: torch.Tensor | None = None
        self.observes_moves = True
        self._names_of_validation: Set[str] = frozenset()
        self._kinds: Set[str] = frozenset()  # of all series that are recorded
        self._handles: list[Any] = []
        self._on_inputs: Any = None
        self.tap = GradientTap(
            self.parameters,
            optimizers,
            self.rows,
            self.scale,
            attempt=partial(attempt, GRADIENTS),
            before_step=before_step,
            after_step=after_step,
            after_backward=self.first.add_pass,
        )

    @property
    def owners(self) -> list[str]:
        """The names of the layers that own trainable tensors."""
        return list(dict.fromkeys(each.layer for each in self.parameters))

    def open(self) -> None:
        """Register all hooks."""
        self.tap.open()
        if isinstance(self._called, nn.Module):
            self._on_inputs = self._called.register_forward_pre_hook(self._on_input, with_kwargs=True)
            self._handles.append(self._on_inputs)
        if self._observed_loss is not None:
            self._observed_loss.open()
        elif self._loss is None and isinstance(self._called, nn.Module):
            self._handles.append(self._called.register_forward_hook(self._on_output))

    def close(self) -> None:
        """Remove all hooks."""
        self.tap.close()
        if self._observed_loss is not None:
            self._observed_loss.close()
        for handle in self._handles:
            handle.remove()
        self._handles = []

    def _on_input(self, module: Any, arguments: Any, named: Any) -> None:
        # In validation nobody computes gradients. Evaluation mode in training is recorded apart.
        if torch.compiler.is_compiling() or self.evaluation.is_running:
            return
        if self.first.are_over:
            self._on_inputs.remove()
            return
        if not torch.is_grad_enabled():
            return
        self._attempt(BATCHES, self.first.add_input, arguments, named)

    def _on_output(self, module: Any, arguments: Any, output: Any) -> None:
        """Note the loss of a model that computes its own."""
        loss = output.get("loss") if isinstance(output, dict) else getattr(output, "loss", None)
        if torch.compiler.is_compiling() or self.evaluation.is_running or not isinstance(loss, torch.Tensor):
            return
        if loss.requires_grad:
            self._attempt(BATCHES, self.add_loss, loss.mean(), 1)

    def add_loss(self, loss: torch.Tensor, samples: int) -> None:
        """Add the mean loss of a batch, where the loss cannot be observed."""
        self._calls.add(loss, samples)

    def probe(self) -> Probed:
        """Run the probe batch through the model, and measure each layer."""
        assert self.samples is not None
        probed = probe(self.model, self.owners, self.first.modes(), self.evaluation.probing(self.samples))
        self._probed_entries = sum(each.entries for each in probed.flows)
        of_each = self._probed_entries / min(PROBE_SAMPLES, self.samples.count)
        self._calls.batch_entries = of_each * (self.first.batch_size or PROBE_SAMPLES)
        return probed

    def initial(self, layouts: Sequence[SeriesLayout], number: int, probed: Probed | None) -> Kept:
        """Return what the record of the state before the first update is made from."""
        due = _due(layouts, number)
        kept = Kept(number, due, self.rows.counts())
        if self.samples is not None:
            measured = self._attempt(EVALUATION, self._initial_gradient, due)
            if measured is not None:
                kept.metrics, kept.series = measured
            kept.metrics |= self._evaluated(self.samples, self.first.modes(), "", uses_batch=True)
        kept.metrics |= self._validated()
        kept.weights = kept.earlier = self._attempt(WEIGHTS, self._flat_weights)
        kept.flows = () if probed is None else probed.flows
        return kept

    def _initial_gradient(self, due: Mapping[str, SeriesLayout]) -> tuple[Tensors, Tensors]:
        assert self.samples is not None
        row, present = self.evaluation.gradient(self.samples, self.first.modes(), self.layout)
        has_one = torch.tensor(present, device=row.device)
        norm = torch.linalg.vector_norm(row)
        metrics = {"gradient_norm": norm, "clipped_gradient_norm": norm, "clipped_fraction": torch.zeros_like(norm)}
        series: Tensors = {}
        if "gradients" in due:
            union = measure.unions(row != 0, self.layout, row.dtype)
            statistics = torch.cat([measure.gradients(row, self.layout), union], dim=-1)[0]
            series["gradients"] = torch.where(has_one[:, None], statistics, float("nan"))
        if "gradient_histograms" in due:
            (counts,) = measure.histograms(row, self.layout, torch.zeros(1, dtype=torch.int64, device=row.device), 1)
            series["gradient_histograms"] = torch.where(has_one[:, None], counts, 0)
        return metrics, series

    def record(self, layouts: Sequence[SeriesLayout], number: int, given: Mapping[str, float]) -> Kept:
        """Return what a record from 1 on is made from, at its end.

        Args:
            layouts: the series that are recorded.
            number: the record's number.
            given: metrics that the user has computed.
        """
        meter = self._calls.end_record()
        kept = Kept(number, _due(layouts, number), self.rows.counts(), dict(given), meter=meter)
        if self.samples is not None and meter.is_empty:
            kept.metrics |= self._evaluated(self.samples, self.first.modes(), "", uses_batch=True)
        if not self._names_of_validation or not self._names_of_validation <= given.keys():
            kept.metrics |= self._validated()
        if self._earlier is not None and (self.observes_moves or not self._kinds.isdisjoint(WEIGHT_KINDS)):
            kept.weights, kept.earlier = self._attempt(WEIGHTS, self._flat_weights), self._earlier
        if self.samples is not None and kept.has_flows:
            if self._probed_entries * MIN_LATER <= MAX_ENTRIES:
                row = self._flat_weights() if kept.weights is None else kept.weights
                kept.snapshot = self._attempt(PROBES, self._later.take, row, self.first.modes(), self._probed_entries)
            if kept.snapshot is None:
                probed = self._attempt(PROBES, self.probe)
                kept.flows = () if probed is None else probed.flows
        return kept

    def measured(self, kept: Sequence[Kept]) -> Measurements:
        """Return the measurements of records, on the device."""
        for each in kept:
            if each.snapshot is not None and self.samples is not None:
                each.flows = self._attempt(PROBES, self._later.flows, each.snapshot, self.samples) or ()
        return Measurements(kept, self.rows, self._attempt)

    def wiring_tensors(self) -> Tensors:
        """Return what was measured of the wiring, on the device."""
        tensors = self.first.tensors() | self.tap.kept.tensors()
        if self.rows.first:
            norms = [torch.stack([each.before, each.nonfinite], dim=1) for each in self.rows.first]
            tensors["norms"] = torch.cat(norms)[:MAX_FIRST_STEPS]
        self.scale.after_backward()
        if self.scale.skipped is not None:
            tensors["skipped"] = self.scale.skipped
        return tensors

    def begin_record(self, layouts: Sequence[SeriesLayout], number: int, before: Kept | None) -> None:
        """Begin a record, after what was kept of the one before; None if there is none."""
        self._kinds = self._kinds or {each.kind for each in layouts}
        histograms = "gradient_histograms" in self._kinds and "gradient_histograms" in _due(layouts, number)
        self.rows.begin(number, histograms=histograms)
        if self._earlier is None or "weights" in self._kinds:
            self._earlier = self._attempt(WEIGHTS, self._flat_weights) if before is None else before.weights

    def _evaluated(self, samples: Samples, modes: Mapping[str, bool], prefix: str, *, uses_batch: bool) -> Tensors:
        evaluate = self.evaluation.metrics
        metrics = self._attempt(EVALUATION, lambda: evaluate(samples, modes, uses_batch=uses_batch)) or {}
        return {f"{prefix}{name}": value for name, value in metrics.items()}

    def _validated(self) -> Tensors:
        if self.validation is None:
            return {}
        metrics = self._evaluated(self.validation, {}, "val_", uses_batch=False)
        self._names_of_validation = metrics.keys()
        return metrics

    def _flat_weights(self) -> torch.Tensor:
        return self.layout.flat([each.value.detach() for each in self.parameters], self._like)


def _due(layouts: Sequence[SeriesLayout], number: int) -> dict[str, SeriesLayout]:
    return {each.kind: each for each in layouts if number % each.every == 0}


def _precision(dtypes: Sequence[torch.dtype]) -> torch.dtype:
    return torch.float64 if torch.float64 in dtypes else torch.float32
