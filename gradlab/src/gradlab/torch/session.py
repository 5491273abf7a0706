"""Session: what a Watch measures of one training of a PyTorch model, record by record."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import nn

from gradlab.measurement.history import SeriesLayout
from gradlab.spec.recording import PROBE_SAMPLES
from gradlab.torch import measure
from gradlab.torch.evaluation import Evaluation
from gradlab.torch.first_batches import FirstBatches
from gradlab.torch.gradient_rows import GradientRows
from gradlab.torch.measure import FlatLayout
from gradlab.torch.meter import Meter
from gradlab.torch.naming import device_of, named_parameters
from gradlab.torch.probe import Probed, probe
from gradlab.torch.samples import Samples
from gradlab.torch.scaling import LossScale
from gradlab.torch.tap import GradientTap

# What may fail while the training goes on, in the words of the warning.
GRADIENTS = "the gradients are not recorded any more"
WEIGHTS = "the weights are not recorded any more"
PROBES = "activations and signals are not recorded any more"
BATCHES = "what the loss gets is not recorded any more"
EVALUATION = "loss and metrics of `data` and `validation_data` are not recorded any more"
FLOWS = ("activations", "signals", "time_signals")
Tensors = dict[str, torch.Tensor]
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
        self.rows, self.scale = GradientRows(self.layout, device, dtype), LossScale(scaler)
        self.first = FirstBatches(model, loss)
        self.evaluation = Evaluation(model, loss, self.parameters)
        self._meter = Meter(loss)
        self._like = torch.zeros((), dtype=dtype, device=device)
        self._earlier: torch.Tensor | None = None
        self._handles: list[Any] = []
        self.tap = GradientTap(
            self.parameters,
            optimizers,
            self.rows,
            self.scale,
            attempt=lambda function, *arguments: attempt(GRADIENTS, function, *arguments),
            before_step=before_step,
            after_step=after_step,
            after_backward=self.first.add_pass,
        )

    @property
    def owners(self) -> list[str]:
        """The names of the layers that own trainable tensors."""
        return list(dict.fromkeys(each.layer for each in self.parameters))

    @property
    def hears_loss(self) -> bool:
        """True if the loss is a module, whose calls can be observed."""
        return isinstance(self._loss, nn.Module)

    def open(self) -> None:
        """Register all hooks."""
        self.tap.open()
        if isinstance(self._called, nn.Module):
            self._handles.append(self._called.register_forward_pre_hook(self._on_input, with_kwargs=True))
        if self.hears_loss:
            self._handles.append(self._loss.register_forward_hook(self._on_loss))
        elif self._loss is None and isinstance(self._called, nn.Module):
            self._handles.append(self._called.register_forward_hook(self._on_output))

    def close(self) -> None:
        """Remove all hooks."""
        self.tap.close()
        for handle in self._handles:
            handle.remove()
        self._handles = []

    def _on_input(self, module: Any, arguments: Any, named: Any) -> None:
        # In validation nobody computes gradients. Evaluation mode in training is recorded apart.
        if torch.compiler.is_compiling() or self.evaluation.is_running:
            return
        if self.first.are_over or not torch.is_grad_enabled():
            return
        self._attempt(BATCHES, self.first.add_input, arguments, named)

    def _on_loss(self, module: Any, arguments: Any, loss: Any) -> None:
        if torch.compiler.is_compiling() or self.evaluation.is_running:
            return
        if not isinstance(loss, torch.Tensor) or not loss.requires_grad:
            return  # a validation, where nobody computes gradients
        self._attempt(BATCHES, self._add_loss, arguments, loss)

    def _on_output(self, module: Any, arguments: Any, output: Any) -> None:
        """Note the loss of a model that computes its own."""
        loss = output.get("loss") if isinstance(output, dict) else getattr(output, "loss", None)
        if torch.compiler.is_compiling() or self.evaluation.is_running or not isinstance(loss, torch.Tensor):
            return
        if loss.requires_grad:
            self._attempt(BATCHES, self.add_loss, loss.mean(), 1)

    def _add_loss(self, arguments: Any, loss: torch.Tensor) -> None:
        output, target = (*arguments, None, None)[:2]
        count = len(target) if isinstance(target, torch.Tensor) and target.dim() else 1
        mean = loss.mean() if loss.dim() else loss / count if getattr(self._loss, "reduction", "") == "sum" else loss
        self._meter.add(output, target, mean, count)
        if not self.first.are_over:
            self.first.add_loss(output, target, mean)

    def add_loss(self, loss: torch.Tensor, samples: int) -> None:
        """Add the mean loss of a batch, where the loss cannot be observed."""
        self._meter.add(None, None, loss.detach(), samples)
        if not self.first.are_over:
            self.first.add_loss(None, None, loss)

    def probe(self) -> Probed:
        """Run the probe batch through the model, and measure each layer."""
        assert self.samples is not None
        x, y = self.evaluation.batch(self.samples, PROBE_SAMPLES)
        count = min(PROBE_SAMPLES, self.samples.count)

        def run() -> tuple[Any, torch.Tensor]:
            output, loss = self.evaluation.run(x, y)
            return output, loss * count

        return probe(self.model, self.owners, self.first.modes(), run)

    def initial(self, layouts: Sequence[SeriesLayout], probed: Probed | None) -> tuple[Tensors, Tensors]:
        """Return metrics and series of the state before the first update."""
        due = _due(layouts, 0)
        metrics: Tensors = {}
        series: Tensors = {}
        if self.samples is not None:
            measured = self._attempt(EVALUATION, self._initial_gradient, due)
            if measured is not None:
                of_gradient, series = measured
                metrics |= of_gradient
            modes = self.first.modes()
            metrics |= self._evaluated(self.samples, modes, "", uses_batch=True)
        metrics |= self._validated()
        series |= self._weights(due) | self._flows(due, probed)
        return metrics, series

    def _initial_gradient(self, due: Mapping[str, SeriesLayout]) -> tuple[Tensors, Tensors]:
        assert self.samples is not None
        row, present = self.evaluation.gradient(self.samples, self.first.modes(), self.layout)
        has_one = torch.tensor(present, device=row.device)
        norm = torch.linalg.vector_norm(row)
        metrics = {"gradient_norm": norm, "clipped_gradient_norm": norm, "clipped_fraction": torch.zeros_like(norm)}
        series: Tensors = {}
        if "gradients" in due:
            union = measure.unions(row[0] != 0, self.layout, row.dtype)
            statistics = torch.cat([measure.gradients(row, self.layout)[0], union], dim=1)
            series["gradients"] = torch.where(has_one[:, None], statistics, float("nan"))
        if "gradient_histograms" in due:
            counts = measure.histograms(row, self.layout)
            series["gradient_histograms"] = torch.where(has_one[:, None], counts, 0)
        return metrics, series

    def record(self, layouts: Sequence[SeriesLayout], number: int) -> tuple[Tensors, Tensors]:
        """Return metrics and series of a record from 1 on, at its end."""
        due, series = _due(layouts, number), {}
        metrics = self._meter.results()
        if self.samples is not None and "loss" not in metrics:
            metrics |= self._evaluated(self.samples, self.first.modes(), "", uses_batch=True)
        metrics |= self._validated() | self._norms()
        means = self._attempt(GRADIENTS, self.rows.means)
        if "gradients" in due and means is not None:
            series["gradients"] = means
        sums = self.rows.sums()
        if "gradient_histograms" in due and sums is not None and sums.bins is not None:
            series["gradient_histograms"] = sums.bins
        probed = None
        if self.samples is not None and due.keys() & set(FLOWS):
            probed = self._attempt(PROBES, self.probe)
        series |= self._weights(due) | self._flows(due, probed)
        self._meter.clear()
        return metrics, series

    def begin_record(self, layouts: Sequence[SeriesLayout], number: int) -> None:
        """Begin to add up a record."""
        self.rows.clear()
        self.rows.keeps_histograms = "gradient_histograms" in _due(layouts, number)
        if self._earlier is None or any(each.kind == "weights" for each in layouts):
            self._earlier = self._attempt(WEIGHTS, self._flat_weights)

    def moved(self) -> torch.Tensor | None:
        """Return (tensors,) True for those that have changed since the record began; None if that is unknown."""
        row = self._attempt(WEIGHTS, self._flat_weights)
        if row is None or self._earlier is None:
            return None
        return self.layout.by_tensor(lambda w, v: (w != v).any(dim=-1), row[None], self._earlier[None])[0]

    def _evaluated(self, samples: Samples, modes: Mapping[str, bool], prefix: str, *, uses_batch: bool) -> Tensors:
        evaluate = self.evaluation.metrics
        metrics = self._attempt(EVALUATION, lambda: evaluate(samples, modes, uses_batch=uses_batch)) or {}
        return {f"{prefix}{name}": value for name, value in metrics.items()}

    def _validated(self) -> Tensors:
        return {} if self.validation is None else self._evaluated(self.validation, {}, "val_", uses_batch=False)

    def _norms(self) -> Tensors:
        self.rows.sums()
        if not self.rows.norms:
            return {}
        parts = {
            name: torch.cat([getattr(each, name) for each in self.rows.norms])
            for name in ("before", "after", "changed", "weight")
        }
        weight = parts.pop("weight")
        means = {name: torch.where(weight > 0, each, 0.0).sum() / weight.sum() for name, each in parts.items()}
        return {
            "gradient_norm": means["before"],
            "clipped_gradient_norm": means["after"],
            "clipped_fraction": means["changed"],
        }

    def _flat_weights(self) -> torch.Tensor:
        return self.layout.flat([each.value.detach() for each in self.parameters], self._like)

    def _weights(self, due: Mapping[str, SeriesLayout]) -> Tensors:
        if not due.keys() & {"weights", "weight_histograms"}:
            return {}
        row, series = self._attempt(WEIGHTS, self._flat_weights), {}
        if row is None:
            return {}
        if "weights" in due:
            series["weights"] = measure.weights(row, row if self._earlier is None else self._earlier, self.layout)
        if "weight_histograms" in due:
            series["weight_histograms"] = measure.histograms(row[None], self.layout)
        return series

    def _flows(self, due: Mapping[str, SeriesLayout], probed: Probed | None) -> Tensors:
        """Return the series of the probe, NaN for layers that were not measured."""
        series: Tensors = {}
        for kind in () if probed is None else due.keys() & set(FLOWS):
            layout = due[kind]
            rows = self._like.new_full(layout.shape, float("nan"))
            for place, tensor in enumerate(layout.tensors):
                layer = probed.measured.get(tensor.layer) if probed is not None else None
                values = None if layer is None else getattr(layer, kind)
                if values is not None:
                    rows[place, : len(values)] = values[: rows.shape[1]]
            series[kind] = rows
        return series


def fetch(tensors: Mapping[str, torch.Tensor]) -> dict[str, np.ndarray]:
    """Return tensors as arrays of float32, with one wait for the device."""
    if not tensors:
        return {}
    device = next(iter(tensors.values())).device
    flat = torch.cat([each.detach().reshape(-1).to(device, torch.float32) for each in tensors.values()]).cpu().numpy()
    ends = np.cumsum([each.numel() for each in tensors.values()])
    parts = np.split(flat, ends[:-1])
    return {name: part.reshape(each.shape) for (name, each), part in zip(tensors.items(), parts, strict=True)}


def _due(layouts: Sequence[SeriesLayout], number: int) -> dict[str, SeriesLayout]:
    return {each.kind: each for each in layouts if number % each.every == 0}


def _precision(dtypes: Sequence[torch.dtype]) -> torch.dtype:
    return torch.float64 if torch.float64 in dtypes else torch.float32
